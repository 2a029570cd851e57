/** A new device, and what proves that it is the one: a token, a password or a certificate. */
import { useState } from "preact/hooks";
import { expiryOf, noExpiry } from "../access/expiry";
import { certificateFingerprint, fingerprintOf } from "../access/fingerprint";
import type { Device, Grant } from "../api/accounts";
import { serverNow } from "../api/clock";
import { command } from "../api/http";
import { passwordOf } from "../api/session";
import { ta } from "../i18n/access";
import { Dialog } from "../ui/dialog";
import { tell } from "../ui/toasts";
import { ExpiryField, TextField, ToldDialog } from "./access-parts";
import { Grants, grantsOf } from "./grants";
import { DeedNote, PasswordField, useDeed } from "./people-parts";

export interface DeviceAnswer {
  device: Device | null;
  text?: string;
}

const PROOFS = ["token", "password", "certificate"] as const;
type Proof = (typeof PROOFS)[number];

/** Certificates by fingerprint, and those by the name that they carry. */
export const isFingerprint = (certificate: string): boolean => !certificate.startsWith("CN=");

export function proofWords(device: Device): string {
  const words = [
    device.token && ta("proof.token"),
    device.password && ta("proof.password"),
    device.certificates.length > 0 && ta("proof.certificate"),
  ].filter(Boolean);
  return words.length > 0 ? words.join(", ") : ta("proof.none");
}

interface Typed {
  fingerprint: string;
  commonName: string;
  password: string;
}

/** The fingerprint is told by whoever made the certificate; or it is computed of the file, here. */
function CertificateFields(props: { typed: Typed; set: (change: Partial<Typed>) => void }) {
  const { typed, set } = props;
  const [fault, setFault] = useState("");
  const wrong = typed.fingerprint !== "" && fingerprintOf(typed.fingerprint) === undefined;
  const read = async (file: File | undefined) => {
    if (!file) return;
    try {
      set({ fingerprint: await certificateFingerprint(await file.arrayBuffer()) });
      setFault("");
    } catch {
      setFault(ta("proof.file.wrong"));
    }
  };
  return (
    <>
      <TextField
        label={ta("proof.fingerprint")}
        hint={ta("proof.fingerprint.hint")}
        {...(wrong || fault ? { error: fault || ta("proof.fingerprint.wrong") } : {})}
        value={typed.fingerprint}
        code
        onInput={(fingerprint) => {
          setFault("");
          set({ fingerprint });
        }}
      />
      <label class="file-pick">
        <span>{ta("proof.file")}</span>
        <input
          type="file"
          accept=".pem,.crt,.cer,.der"
          onChange={(event) => void read(event.currentTarget.files?.[0])}
        />
      </label>
      <TextField
        label={ta("proof.common_name")}
        hint={ta("proof.common_name.hint")}
        value={typed.commonName}
        onInput={(commonName) => set({ commonName })}
      />
    </>
  );
}

function proofOf(proof: Proof, typed: Typed): Record<string, string> | undefined {
  if (proof === "token") return {};
  if (proof === "password")
    return typed.password ? { password: passwordOf(typed.password) } : undefined;
  const fingerprint = fingerprintOf(typed.fingerprint);
  const commonName = typed.commonName.trim();
  if (typed.fingerprint.trim() !== "" && !fingerprint) return undefined;
  if (!fingerprint && !commonName) return undefined;
  return {
    ...(fingerprint ? { fingerprint } : {}),
    ...(commonName ? { common_name: commonName } : {}),
  };
}

export function DeviceMakeDialog(props: { onDone: (device: Device) => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const [title, setTitle] = useState("");
  const [grants, setGrants] = useState<Grant[]>([{ role: "device", branch: "#" }]);
  const [expiry, setExpiry] = useState(noExpiry);
  const [proof, setProof] = useState<Proof>("token");
  const [typed, setTyped] = useState<Typed>({ fingerprint: "", commonName: "", password: "" });
  const [made, setMade] = useState<DeviceAnswer>();
  const [busy, error, run] = useDeed();
  const expires = expiryOf(expiry, serverNow());
  const proofs = proofOf(proof, typed);
  const close = () => {
    props.onClose();
    if (made?.device) props.onDone(made.device);
  };
  const submit = async () => {
    const answer = await command<DeviceAnswer>("POST", "/v1/devices", {
      name: name.trim(),
      ...(title.trim() ? { title: title.trim() } : {}),
      grants: grantsOf(grants),
      ...(expires ? { expires } : {}),
      ...proofs,
    });
    if (proof === "token") return setMade(answer);
    tell({ text: ta("devices.made", { name: name.trim() }) });
    props.onClose();
    if (answer.device) props.onDone(answer.device);
  };
  if (made) return <DeviceTold name={name.trim()} text={made.text} onClose={close} />;
  return (
    <Dialog
      title={ta("devices.add")}
      text={ta("devices.add.text")}
      submit={ta("devices.make")}
      busy={busy}
      disabled={!name.trim() || expires === undefined || proofs === undefined}
      onSubmit={() => void run(submit)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
      <TextField label={ta("name")} hint={ta("devices.name.hint")} value={name} onInput={setName} />
      <TextField label={ta("purpose")} value={title} onInput={setTitle} />
      <fieldset>
        <legend>{ta("proof")}</legend>
        <div class="radios">
          {PROOFS.map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="proof"
                checked={proof === one}
                onChange={() => setProof(one)}
              />
              {ta(`proof.by.${one}`)}
            </label>
          ))}
        </div>
      </fieldset>
      {proof === "password" && (
        <PasswordField
          label={ta("proof.password.field")}
          hint={ta("proof.password.hint")}
          value={typed.password}
          isNew
          onInput={(password) => setTyped({ ...typed, password })}
        />
      )}
      {proof === "certificate" && (
        <CertificateFields typed={typed} set={(part) => setTyped((old) => ({ ...old, ...part }))} />
      )}
      <Grants grants={grants} first="device" onChange={setGrants} />
      <ExpiryField expiry={expiry} onChange={setExpiry} />
    </Dialog>
  );
}

/** Its token, shown once, and how it is used. */
export function DeviceTold(props: { name: string; text: string | undefined; onClose: () => void }) {
  return (
    <ToldDialog
      title={ta("devices.token.of", { name: props.name })}
      text={ta("devices.token.text", { name: props.name })}
      secret={props.text}
      lost={ta("devices.token.lost")}
      onClose={props.onClose}
    />
  );
}
