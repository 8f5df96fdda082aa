// Words of the page of one's own account, in both languages.
import { language } from "../../words";

const WORDS = {
  due: [
    "您的角色必须使用动态验证码。请先在此启用，启用后即可使用其他功能。",
    "Your role asks for a second factor. Add it here; everything else is there once you have.",
  ],
  trial: ["试用角色没有本人账户。请以账户名和密码登录。", "A role to try things out has no account. Sign in by name and password."],
  factor: ["动态验证码", "Second factor"],
  without: [
    "尚未启用。启用后，登录时除密码外还须输入手机验证器应用显示的 6 位验证码。",
    "There is none. With one, signing in takes the six digits that an app on your telephone shows beside the password.",
  ],
  since: ["启用时间", "Since"],
  left: ["剩余恢复码", "Recovery codes left"],
  few: ["恢复码即将用完，请更换。", "Few recovery codes are left: have new ones."],
  own: ["当前密码", "Your password"],
  begin: ["开始启用", "Begin"],
  scan: [
    "1. 在手机上用验证器应用扫描二维码，或手工输入密钥。",
    "1. Scan the code with an authenticator app on your telephone, or type the secret into it.",
  ],
  qr: ["验证器应用的二维码，内容与下方密钥相同", "QR code for authenticator apps, with the secret below"],
  secret: ["密钥", "Secret"],
  onPhone: ["在本机应用中打开", "Open in an app on this device"],
  enter: ["2. 输入应用显示的 6 位验证码。", "2. Enter the six digits that the app shows."],
  code: ["验证码", "Code"],
  codeOrRecovery: ["验证码或恢复码", "Code, or a recovery code"],
  confirm: ["确认启用", "Add it"],
  added: ["动态验证码已启用，其他登录已退出。", "The second factor is there; you are signed out everywhere else."],
  codes: ["恢复码", "Recovery codes"],
  keep: [
    "手机丢失时，每个恢复码可代替验证码使用一次。请打印并妥善保存，离开本页后不再显示。",
    "If you lose the telephone, each of these stands for a code once. Print them and keep them safe: they are not shown again.",
  ],
  kept: ["已保存，完成", "I have kept them"],
  renew: ["更换手机或密钥", "Renew it, on another telephone"],
  newCodes: ["生成新的恢复码", "New recovery codes"],
  removeIt: ["解除动态验证码", "Remove the second factor"],
  removed: ["动态验证码已解除。", "The second factor is removed."],
  changePassword: ["修改密码", "Change the password"],
  again: ["再次输入新密码", "The new password again"],
  differ: ["两次输入的新密码不一致。", "The two new passwords differ."],
  changed: ["密码已修改，其他登录已退出。", "The password is changed; you are signed out everywhere else."],
  sessions: ["登录会话", "Where you are signed in"],
  unnamed: ["未命名设备", "A device without a name"],
  signedIn: ["登录", "signed in"],
  used: ["最近使用", "last used"],
  end: ["结束", "End"],
  endAll: ["退出全部登录", "Sign out everywhere"],
  identities: ["统一身份认证", "Identity providers"],
  noIdentities: ["未关联。由账户管理员关联。", "None is linked. Whoever looks after accounts links one."],
  linked: ["关联时间", "Linked"],
  waits: ["待复核", "waits to be confirmed"],
  pwd: ["密码", "password"],
  otp: ["动态验证码", "code"],
  recovery: ["恢复码", "recovery code"],
  idp: ["统一身份认证", "identity provider"],
} as const;

export type OwnWord = keyof typeof WORDS;

export const tell = (word: OwnWord): string => WORDS[word][language.value === "zh" ? 0 : 1];

export const tellMethod = (name: string): string => (name in WORDS ? tell(name as OwnWord) : name);
