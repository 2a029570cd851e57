/**
 * Why somebody may, or may not, in Chinese: the sentences of src/access/explain.c by their form.
 * test/why.test.ts holds the list against them.
 */
import { language } from "./index";

const RIGHT_WORDS: Record<string, string> = {
  see: "查看",
  write: "写入",
  acknowledge: "确认",
  configure: "配置",
  administer: "管理",
};

const FAULTS: Record<string, string> = {
  "does not allow it": "但不包含这项权限",
  "is about other paths": "但针对的是其他路径",
  "is granted within another branch": "但授予的是另一个分支",
  "its tenant is suspended or deleted": "所属租户已暂停或删除",
  "the account is not active": "账户未启用",
  "the account has expired": "账户已过期",
  "a claim key makes devices and may nothing else": "认领密钥只能创建设备",
};

const right = (word: string): string => RIGHT_WORDS[word] ?? word;
const fault = (text: string): string => FAULTS[text] ?? text;

type Form = [RegExp, (...parts: string[]) => string];

const FORMS: Form[] = [
  [
    /^(yes|also): role (.+) allows (\w+) on (.+), granted to (.+) within (.+)$/,
    (word, role, verb, pattern, name, branch) =>
      `${word === "yes" ? "允许" : "另外"}：角色 ${role} 允许在 ${pattern} 上${right(verb as string)}，已在分支 ${branch} 内授予 ${name}`,
  ],
  [
    /^the nearest: role (.+) on (.+), granted within (.+), (.+)$/,
    (role, pattern, branch, what) =>
      `最接近的：角色 ${role}，针对 ${pattern}，在分支 ${branch} 内授予，${fault(what as string)}`,
  ],
  [
    /^no: no rule of (.+) allows (\w+) on (.+)$/,
    (name, verb, path) => `不允许：${name} 没有任何规则允许在 ${path} 上${right(verb as string)}`,
  ],
  [/^(.+) holds no role$/, (name) => `${name} 没有任何角色`],
  [/^no: no share lets (.+) look there$/, (tenant) => `不允许：没有共享让租户 ${tenant} 查看那里`],
  [
    /^share (\d+) of (.+) lets (.+) (\w+) there$/,
    (number, of, tenant, verb) =>
      `租户 ${of} 的 ${number} 号共享允许租户 ${tenant} 在那里${right(verb as string)}`,
  ],
  [
    /^no: no share of (.+) lets (.+) (\w+) on (.+)$/,
    (of, tenant, verb, path) =>
      `不允许：租户 ${of} 没有共享让租户 ${tenant} 在 ${path} 上${right(verb as string)}`,
  ],
  [
    /^no: (.+) may nothing: (.+)$/,
    (name, what) => `不允许：${name} 什么都不能做：${fault(what as string)}`,
  ],
  [/^no: that is a matter of another tenant$/, () => "不允许：那是另一个租户的事务"],
  [/^no: out of memory$/, () => "不允许：内存不足"],
  [/^no: nobody is there, or he was shut out$/, () => "不允许：没有人在场，或已被拒之门外"],
  [/^no: the account is not there any more$/, () => "不允许：账户已不存在"],
  [/^yes: the owner of the control socket may all$/, () => "允许：控制套接字的所有者可以做任何事"],
  [
    /^yes: the trial has no administrator yet and may all$/,
    () => "允许：试用中还没有管理员，可以做任何事",
  ],
];

/** The sentence in the language of the page; one of no known form as it came. */
export function whyText(sentence: string): string {
  if (language.get() !== "zh") return sentence;
  for (const [form, say] of FORMS) {
    const found = form.exec(sentence);
    if (found) return say(...found.slice(1));
  }
  return sentence;
}
