/** What the server says of passwords and people, in Chinese: known by its code, or by its sentence. */
import { language } from "./index";

/** By a part of the sentence: src/secrets/secrets.h, SECRET_PASSWORD_FAULT_TABLE. */
export const passwordFaults: [part: string, text: string][] = [
  ["too short", "密码太短，至少需要 10 个字节"],
  ["too long", "密码太长，最多 256 个字节"],
  ["UTF-8", "密码必须是 UTF-8 文本，不含控制字符"],
  ["guessed first", "这个密码最先被人猜到，请选用互不相关的词"],
  ["user's name", "密码与用户名过于接近，请换一个"],
  ["repeats", "密码只是重复或连续的字符，请换一个"],
];

export const peopleProblems: Record<string, string> = {
  wrong: "用户名、密码或验证码错误",
  slow_down: "错误次数过多，请稍后再试",
  busy: "同时进入的人太多，请重试",
  exceeds: "任何人都不能授予、更改或移除超出自己权限的内容",
  forbidden: "你没有这项权限",
  setup_over: "第一个账户已创建，管理员可以邀请其他人",
  setup_wrong: "设置链接错误或正在使用，正确的链接在服务器日志中",
  unknown_user: "没有这个用户，或你看不到他",
};

/** Nothing: it is not known here, or the page is in English. */
export function peopleProblem(code: string, detail: string): string | undefined {
  if (language.get() !== "zh") return undefined;
  if (code === "refused") return passwordFaults.find(([part]) => detail.includes(part))?.[1];
  return peopleProblems[code];
}
