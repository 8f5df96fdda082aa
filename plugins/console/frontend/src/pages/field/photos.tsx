// Photos and recordings that are put to a report, each with a button that takes it away again.
import { useEffect, useRef, useState } from "preact/hooks";
import { colon, say } from "../../words";
import { keepPhoto, playRecording, startRecording, type Recording } from "./files";
import { outbox, type Attached } from "./outbox";
import { tell } from "./words";

/** The most files that a report takes. */
const MOST = 9;

interface Given {
  /** What the elements are called after: there may be several of them on a page. */
  id: string;
  files: Attached[];
  onChange: (change: (now: Attached[]) => Attached[]) => void;
}

export function Photos({ id, files, onChange }: Given) {
  const [errors, setErrors] = useState<string[]>([]);
  const take = async (chosen: File[]) => {
    const wrong: string[] = [];
    for (const file of chosen.slice(0, MOST - files.length)) {
      try {
        const kept = await keepPhoto(file);
        onChange((now) => [...now, kept]);
      } catch (problem) {
        const full = (problem as Error).name === "QuotaExceededError";
        wrong.push(full ? tell("full") : `${tell("notAPhoto")}${colon()}${file.name}`);
      }
    }
    setErrors(wrong);
  };
  return (
    <div class="field">
      <label for={id}>{tell("photos")}</label>
      <input
        id={id}
        type="file"
        accept="image/*"
        multiple
        aria-describedby={`${id}-hint ${id}-error`}
        disabled={files.length >= MOST}
        onChange={(event) => {
          const input = event.currentTarget;
          void take([...(input.files ?? [])]).then(() => (input.value = ""));
        }}
      />
      <p class="quiet" id={`${id}-hint`}>
        {tell("photosHint")}
      </p>
      <p class="error" id={`${id}-error`} role="alert">
        {errors.join(" ")}
      </p>
      <Files files={files} onChange={onChange} />
    </div>
  );
}

function Files({ files, onChange }: Omit<Given, "id">) {
  const remove = (file: Attached) => {
    void outbox().removeFile(file.id);
    onChange((now) => now.filter(({ id }) => id !== file.id));
  };
  return (
    <ul class="attached">
      {files.map((file, at) => {
        const name = `${tell(file.kind === "PHOTO" ? "photo" : "voice")} ${at + 1}`;
        return (
          <li key={file.id} data-kind={file.kind}>
            <Preview file={file} name={name} />
            <button type="button" aria-label={`${say("remove")} ${name}`} onClick={() => remove(file)}>
              {say("remove")}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** A file as it is shown in a form and in the list of what waits. */
export function Preview({ file, name }: { file: Attached; name: string }) {
  if (file.kind === "PHOTO") return <img src={file.preview} alt={name} />;
  return (
    <button type="button" aria-label={`${tell("play")} ${name}`} onClick={() => void playRecording(file)}>
      ▶ {file.preview} s
    </button>
  );
}

export function Recorder({ id, files, onChange }: Given) {
  const [running, setRunning] = useState<Recording | null>(null);
  const [seconds, setSeconds] = useState(0);
  const [error, setError] = useState("");
  const last = useRef<Recording | null>(null);
  last.current = running;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setSeconds((now) => now + 1), 1000);
    return () => clearInterval(timer);
  }, [running]);
  // Whoever leaves the page in the middle does not leave the microphone on.
  useEffect(() => () => void last.current?.stop().catch(() => undefined), []);
  const begin = async () => {
    try {
      const recording = await startRecording();
      setError("");
      setSeconds(0);
      setRunning(recording);
    } catch {
      setError(tell("noMicrophone"));
    }
  };
  const end = async () => {
    setRunning(null);
    try {
      const kept = await running!.stop();
      onChange((now) => [...now, kept]);
    } catch {
      setError(tell("full"));
    }
  };
  return (
    <div class="field">
      <button type="button" id={id} disabled={!running && files.length >= MOST} onClick={() => void (running ? end() : begin())}>
        {running ? `■ ${tell("stop")}` : `● ${tell("record")}`}
      </button>{" "}
      <span role="status">{running && `${tell("recording")} ${seconds} s`}</span>
      <p class="error" role="alert">
        {error}
      </p>
    </div>
  );
}
