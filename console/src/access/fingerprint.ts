/** A certificate is known by the SHA-256 of its DER bytes. */

/** 64 digits of base 16; colons and blanks between them, and what openssl writes before them, are passed over. */
export function fingerprintOf(text: string): string | undefined {
  const digits = text.trim().replace(/^.*=/, "").replace(/[\s:]/g, "").toLowerCase();
  return /^[0-9a-f]{64}$/.test(digits) ? digits : undefined;
}

/** AB:CD:.. as other tools write it. */
export const fingerprintWords = (digits: string): string =>
  (digits.toUpperCase().match(/../g) ?? []).join(":");

/** Of PEM the first certificate, else what is there as it is. */
export function derOf(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder("latin1").decode(bytes);
  const pem = /-----BEGIN CERTIFICATE-----([\s\S]*?)-----END CERTIFICATE-----/.exec(text);
  if (pem)
    return Uint8Array.from(atob((pem[1] as string).replace(/\s/g, "")), (c) => c.charCodeAt(0));
  if (bytes[0] !== 0x30) throw new Error("no certificate");
  return bytes;
}

/** Browsers compute it on https and on this machine alone; elsewhere it fails, and the digits are typed. */
export async function certificateFingerprint(file: ArrayBuffer): Promise<string> {
  const der = derOf(new Uint8Array(file));
  const hash = await crypto.subtle.digest("SHA-256", der.slice().buffer as ArrayBuffer);
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
