/**
 * What the server says of itself in English sentences, in Chinese: meanings of settings by name; refusals, uses of
 * topics and problems by code. test/server-zh.test.ts holds it against the server's own tables; what is not here is shown as it came.
 */
import { language } from "./index";

export const settingMeanings: Record<string, string> = {
  data: "数据目录；不存在时自动创建",
  mqtt: "MQTT 监听地址，HOST:PORT；留空：不监听",
  http: "HTTP 地址：控制台、接口、WebSocket；HOST:PORT；留空：不监听",
  mqtts: "基于 TLS 的 MQTT 监听地址，HOST:PORT；留空：不监听",
  https: "基于 TLS 的 HTTP 监听地址，HOST:PORT；留空：不监听",
  insecure: "允许在未加密、或尚无管理员时，仍开放其他机器可访问的监听地址",
  "tls.certificate": "服务器证书的 PEM 文件，上级证书依次跟在其后；文件变化时自动重新读取",
  "tls.key": "证书私钥的 PEM 文件，不带口令",
  "tls.folder": "更多证书所在目录（NAME.crt 与 NAME.key），按客户端请求的名称（SNI）选用",
  "tls.client_ca": "签发客户端证书的机构的 PEM 文件；留空：不要求客户端证书",
  "tls.version": "可接受的最低 TLS 版本",
  "log.level": "写入日志的最低级别",
  "log.format": "日志行的格式",
  "log.rate": "每个模块每个级别每秒的日志行数，其余只计数；0：全部写出",
  "log.refused": "为被拒消息写日志行；无论如何都会计数",
  "journal.batch_floor": "两次批量写入之间的最短时间",
  "journal.segment_first": "第一个段的大小；之后的段翻倍",
  "journal.segment_max": "最大的段",
  "journal.reserve": "磁盘满时为命令保留的空间",
  "journal.samples_keep": "样本段进入历史库并被快照覆盖后保留多久；0：永久",
  "history.window_bytes": "历史库开放窗口的内存；用满后封存为文件",
  "history.reserve": "磁盘剩余空间低于此值时，删除策略允许丢弃的样本；低于其四倍时告警",
  "history.window_time": "开放窗口最长多久后封存；样本很少的窗口等待六倍时间",
  "snapshot.journal_bytes": "日志增长多少后做快照；若快照大小的四分之一更大，则以其为准",
  "journal.messages_keep": "MQTT 消息与会话的段被两个快照覆盖后保留多久",
  "snapshot.interval": "有数据到来时两次快照之间的最长时间",
  "points.max": "租户的测点数；超过后不再创建测点",
  "points.new_per_second": "租户每秒新建测点数；0：不限",
  "points.per_connection": "一个连接可新建的测点数",
  "mqtt.connections": "同时连接数",
  "mqtt.packet": "接受的最大 MQTT 报文；需保留的消息是日志中的一条记录，最大 1.3M",
  "mqtt.receive_maximum": "一个客户端可有多少条未确认的 QoS 1 和 2 消息",
  "mqtt.topic_alias_maximum": "一个客户端可设的主题别名数，也是为其设置的上限",
  "mqtt.memory": "所有 MQTT 客户端合计占用的字节：不完整报文、主题别名、订阅、应答、在途消息",
  "mqtt.sessions": "断开后仍保留的会话数",
  "mqtt.session_expiry_max":
    "会话无连接时保留的最长秒数；4294967295：永久。会告知 MQTT 5 客户端；MQTT 3 的会话保留同样长",
  "mqtt.subscriptions": "一个会话的订阅数",
  "mqtt.subscriptions_all": "所有会话的订阅总数",
  "mqtt.inflight": "已发给客户端但尚未确认的 QoS 1 和 2 消息数；客户端自己的接收上限可能更低",
  "mqtt.queue": "为一个会话排队的 QoS 1 和 2 消息数；超过后新消息被丢弃并计数",
  "mqtt.queue_bytes": "为一个会话排队的消息字节数；超过后新消息被丢弃并计数",
  "mqtt.queue_qos0": "等待客户端读取的 QoS 0 消息数；超过后新消息被丢弃并计数",
  "mqtt.retained": "保留消息数；超过后新主题被拒",
  "mqtt.stored": "会话、其消息及保留消息所占内存；超过后拒绝新的",
  "mqtt.sys_interval": "$SYS 主题两次更新的间隔；0：不发布",
  "readings.match":
    "哪些消息作为读数：主题过滤器，以空格分隔；仅写 $ 表示没有，因为以它开头的主题都不是读数",
  "mqtt.connect_time": "新连接发送 CONNECT 的时限",
  "mqtt.keep_alive_max":
    "最大保活秒数；会告知 MQTT 5 客户端；此值低于 65535 时，保活为 0 的客户端按此值处理",
  "readings.path":
    "主题读数的路径模板：{topic} 为整个主题，{N} 为第 N 层（从 1 起），{N-} 为第 N 层到末尾，其余文字照写，例如 site/{2}/{4-}",
  "http.hosts": "除 IP 地址、localhost 和本机名之外，可用来访问 HTTP 的主机名，以空格分隔",
  "http.connections": "同时的 HTTP 连接数，含 WebSocket",
  "http.memory": "所有 HTTP 客户端合计占用的字节：请求头、请求体、在途应答、观看者",
  "http.body": "请求体的最大长度（按发送计）；解压后可达四倍",
  "http.head_time": "请求头从首字节起的时限，也是新连接到首个请求的时限",
  "http.body_time": "请求体中以及继续读取应答之前的最长静默",
  "http.idle_time": "连接在两个请求之间可空闲多久",
  "http.viewers": "同时的实时观看者数，含可能返回者",
  "http.live_points": "一个观看者可观看的测点数",
  "http.live_keep": "断线的观看者在多久之内可以返回",
  "query.threads": "回答历史查询的线程数；更多的查询轮流进行",
  "query.time": "单个查询最多可运行多久",
  "query.memory": "所有进行中的查询合计占用的内存",
  "query.points": "单个查询最多可涉及的点数",
  "documents.size": "单个文档的最大长度；http.body 也须允许",
  "documents.pdftotext": "读取 PDF 正文的程序，在隔离的进程中运行；none：只检索名称和标题",
  "sql.processes": "同时运行的 SQL 语句数，各在自己的进程中；其余的等待",
  "sql.memory": "每个 SQL 进程的内存",
  "sql.time": "一条 SQL 语句最多可运行多久，以及之前最多等待多久",
  "sql.rows": "一个 SQL 应答最多可有的行数",
  "readings.lines_path":
    "行协议字段的路径模板：{measurement}、{field}、{tag:NAME}、{tags}（其余标签的值，各占一层）、{pairs}（key=value 形式）",
  "http.write_body": "行协议请求体的最大长度（按发送计）；解压后可达十六倍",
  "openid.url":
    "浏览器访问本服务器的地址，如 https://plant.example，OpenID 登录后据此返回；空：按浏览器请求的地址",
  "openid.ca": "签发 OpenID 提供方证书的机构的 PEM 文件；空：系统信任的机构",
  "notify.inner": "租户 main 的 webhook 可以发往本机及其链路的地址",
  "notify.ca": "签发 webhook 和邮件服务器证书的机构的 PEM 文件；空：系统信任的机构",
  "notify.time": "一次通知投递最长的时间",
  "notify.smtp_server": "通知的邮件服务器，HOST:PORT；空：不发邮件",
  "notify.smtp_security":
    "邮件如何加密：STARTTLS、从第一个字节起的 TLS，或不加密（此时不发送密码）",
  "notify.smtp_from": "通知的发件地址",
  "notify.smtp_user": "登录邮件服务器的用户名；空：不登录",
  "notify.smtp_password_file": "首行为其密码的文件",
  "access.session_time": "浏览器会话自登录起最长的有效时间",
  "access.session_idle": "浏览器会话无人使用多久后结束",
  "access.guess_limit": "同一地址对同一帐号输错多少次后开始延缓",
  "access.lock_time": "多次猜错后最长的等待时间",
  "access.password_jobs": "同时等待校验的密码数；超出者被告知服务器忙",
  "access.password_keep": "校验正确的密码被记住多久，使重新连接无需再次计算",
};

export const refusalTexts: Record<string, string> = {
  not_a_reading: "载荷不是读数",
  type: "数值无法无损地转换为测点的类型",
  topic_invalid: "主题不能作为路径：最多 16 层，每段最多 128 字节，不能以 $ 开头",
  no_path: "readings.path 引用了该主题没有的层级",
  denied: "没有向该处写入的权限",
  points_max: "达到 points.max 或租户的测点配额：不再创建测点",
  points_rate: "达到 points.new_per_second 或租户的配额",
  storage_max: "达到租户的存储配额：释放空间之前不再保存数据",
  points_connection: "达到 points.per_connection",
  time_range: "时间不在 1970 至 2200 年之间",
  too_large: "超过一个批次的容量",
  disk_full: "磁盘已满：腾出空间之前拒绝样本",
  store_full: "达到 mqtt.stored 或 mqtt.retained：不再保留消息",
  stopped: "一次写入失败：磁盘恢复应答之前不接收任何数据",
  not_utf8: "二进制内容：既不是 JSON 也不是文本",
  bad_json: "JSON 格式不正确",
  no_reading: "没有任何成员是读数",
  too_deep: "对象嵌套超过 16 层",
  too_many: "一个对象超过 256 个指标，或一个数组超过 4096 个对象",
  text_too_long: "字符串值超过 4096 字节，或裸文本超过 256 字节",
  key_too_long: "键的长度超过路径允许的长度",
  key_twice: "同一对象中键重复",
  integer_too_large: "整数超出可精确保存的范围",
  number_too_large: "数超出 float64 的范围",
  time_invalid: "时间无效",
  array_value: "应为数值处出现数组",
};

export const topicUses: Record<string, string> = {
  reading: "其消息是读数",
  refused: "最近一条消息没有读数",
  not_matched: "不匹配 readings.match",
  dollar: "以 $ 开头的主题从不作为读数",
  response: "客户端要在那里接收应答",
};

export const roleTitles: Record<string, string> = {
  viewer: "查看数值、历史和报警",
  operator: "查看、写入和确认",
  engineer: "另可配置：测点、策略、更正",
  administrator: "租户内的一切",
  auditor: "查看数值、用户和审计，不作更改",
  device: "在 devices/ 和自己的名称之下写入",
  host: "运行服务器：租户 main 内的一切，以及 $server",
};

/** What is wrong and what to do, where the server's words add nothing to the code but English. */
export const problemDetails: Record<string, string> = {
  unknown_point: "它从未出现，或已被改名或停用。路径区分大小写",
  path_taken: "另一个测点已使用这条路径。请换一条，或修改那个测点",
  path_invalid:
    "路径由 1 到 16 段组成，以 / 分隔，每段 1 到 128 字节，不含 +、# 和控制字符，不以 $ 开头",
  type_fixed: "已有数值的测点不能更改类型。请停用后重新创建，或保留原类型",
  settings_invalid: "限值只用于数，且从低低限到高高限不得递减；标签必须有名称",
  limit: "租户的测点、名称或标签已达上限。请停用一些测点，或调高 points.max",
  disk_full: "腾出空间之前拒绝样本；停用和删除仍可进行",
  key_taken: "这个幂等键已用于另一类命令。请换一个",
  unknown_policy: "没有这个名称的策略",
  unknown_erasure: "没有这个编号的擦除，或它已完成",
  unknown_annotation: "没有这个编号的批注，或它已被移除",
  text_invalid: "文本缺失、过长，或不是 UTF-8",
  tenant_header:
    "请求头 Mainstem-Tenant 指定了另一个租户，但此处不属于租户的人员与权限：请去掉它，或使用该租户的令牌",
  unknown_tenant: "没有这个租户，或它已被删除",
  unknown_role: "租户没有这个角色；host 只属于租户 main",
  unknown_account: "租户没有这个账户，或它已被移除",
  unknown_secret: "没有这个凭据，或它已被移除",
  unknown_share: "没有这个共享，或它的状态不允许这样做",
  unknown_provider: "租户没有这个登录提供方，或它已被移除",
  unknown_link: "没有这个登录关联，或它已被解除",
  last_proof: "解除后将无法再登录：请先设置密码",
  name_taken: "名称、证书、令牌或 OpenID 身份已属于另一个",
  name_invalid:
    "租户名：a-z、0-9，中间可有 -，1 到 64 字节；账户、角色、提供方：1 到 128 字节 UTF-8，不含控制字符、/、@、+、#，不以 $ 或空格开头",
  role_in_use: "有账户或登录提供方持有这个角色，请先收回",
  last_host: "这是最后一个可用的 host 账户，请先另建一个",
  access_invalid:
    "账户、角色、凭据、共享或登录提供方的内容无效：模式、权限、状态、时间，或缺少必需部分",
  access_full: "租户、账户、角色、凭据、共享或登录提供方已达上限",
  wrong: "名称、密码或验证码不正确",
  second_factor: "密码正确，还需要第二因素的验证码或恢复码",
  slow_down: "错误次数过多，请稍后再试",
  person_only: "只有登录的人可以这样做，令牌和设备不行",
  exceeds: "超出您自己的权限：谁也不能授予、更改、重置或移除超出自己权限的内容",
  password_short: "密码太短：至少 10 字节",
  password_long: "密码太长：最多 256 字节",
  password_text: "密码必须是不含控制字符的 UTF-8 文本",
  password_common: "这是最容易被猜到的密码之一，请选用互不相干的词",
  password_name: "密码与用户名几乎相同，请换一个",
  password_repeated: "密码只是重复几个字符或连续字符，请换一个",
  setup_over: "第一个账户已建立，管理员可以邀请其他人",
  setup_wrong: "设置链接不正确或正在使用。正确的链接在服务器日志里",
  factor_there: "账户已有第二因素，请先移除",
  unknown_user: "没有这个人，或您无权查看",
  unknown_token: "没有这个令牌，或您无权查看",
  unknown_session: "没有这个会话，或它已结束，或不属于您",
  unknown_device: "没有这台设备，或您无权查看",
  unknown_claim: "没有这个认领密钥，或您无权查看",
  csv_head: "CSV 的第一行须为列名：name，以及 role、branch、password、fingerprint 中的任意几个",
  archive_full:
    "最多 1,000 条策略，更正与批注合计 1,000,000 条、文本 1 GiB，擦除涉及的测点区间 32,000,000 个",
  write_failed: "一次写盘失败，不知道请求是否已保存。重试没有害处",
  question_wrong: "这个时间范围内的桶太多。请加大步长",
  question_failed: "历史库无法读取，请查看日志",
  too_many_points: "涉及的测点超过设置 query.points。请缩小范围，或分次查询",
  zone_unknown: "服务器上没有这个时区。名称取自 tz 数据库，如 Asia/Shanghai",
  query_time: "查询运行时间超过设置 query.time。请缩小范围，或加大步长",
  query_memory: "进行中的查询已用完设置 query.memory。请缩小范围，或稍后再试",
  too_many_questions: "本租户同时进行的查询已达配额。请等其中一个完成后再试",
  rights_changed: "查询期间权限有了变化。请重新查询",
  history_off: "这台服务器不保存历史",
  unknown_type: "没有这个资产类型",
  unknown_asset: "没有这个资产，或其上级不存在，或您无权查看",
  type_in_use: "仍有资产、其他类型或规则属于此类型。请先改为别的类型",
  asset_has_parts: "其下还有资产。请先停用它们，或连同下级一起停用",
  unknown_document: "没有这个文档或版本，或您无权查看",
  document_invalid: "文档或面板的内容无效",
  unknown_board: "没有这个面板，或它属于别人",
  boards_full: "此人的面板已达 200 个，或租户已达 20,000 个，请先移除",
  handovers_full: "此人 24 小时内已写 100 条交接记录，或租户已写 1,000 条，请稍后再写",
  library_full: "文档、版本、字节或面板已达上限",
  documents_off: "此服务器不保存文档",
  documents_busy: "同时读写或搜索的文档过多，请重试",
  document_damaged: "此版本的文件缺失或已损坏",
  read_failed: "文档现在无法读取",
  search_failed: "文档索引现在无法搜索",
  assets_full: "资产类型、资产或其版本已达上限",
  unknown_rule: "没有这条规则，或您无权查看",
  rules_full: "规则或报警已达上限",
  unknown_alarm: "没有这个报警，或它已恢复正常",
  alarm_refused: "报警的当前状态不允许此操作",
};

/** Codes whose words name what exactly is wrong as well: those follow. */
export const problemsNamed: Record<string, string> = {
  policy_invalid: "策略的名称为 1 到 64 字节且不含 /，须有路径模式，各数值不小于 0",
  value_invalid: "值与测点的类型不符，或没有值而质量为良好",
  time_invalid:
    "时间为 RFC 3339，或自 1970 年起的秒、毫秒、微秒或纳秒数，在 1970 至 2200 年之间，且开始早于结束",
  parameter: "某个查询参数未知、重复，或取值不在允许范围内",
  asset_invalid: "类型或资产的内容不可行",
  rule_invalid: "规则的内容不可行",
  act_invalid: "操作的内容不可行：时间、备注或名称缺失或过长",
  condition: "条件表达式无法读取",
  pattern: "+ 或 * 为任意一段，# 或 ** 在末尾为任意多段；段内 * 为任意字符，? 为一个字符",
};

/** The server's sentence in the language of the page. */
export function serverText(table: Record<string, string>, code: string, text: string): string {
  return language.get() === "zh" ? (table[code] ?? text) : text;
}

/** What was wrong: of a command's outcome everything but the path is known by its code. */
export function problemDetail(code: string, detail: string): string {
  if (language.get() !== "zh") return detail;
  const named = problemsNamed[code];
  if (named !== undefined) return detail ? `${named}（${detail}）` : named;
  // Texts for readings.match and readings.path have faults of their own.
  if (code === "settings_invalid" && !detail.startsWith('"')) return detail;
  return problemDetails[code] ?? detail;
}
