// Files: photos and recordings of the field, made fit to be kept and sent.
import { makeKey } from "@gongzhi/client/keys.js";
import { outbox, type Attached } from "./outbox";

/** The longest side in points: the server makes photos no larger. */
const LARGEST = 2560;
const SMALL = 160;
const QUALITY = 0.85;

/** Keep a photo, smaller and without what the camera wrote into it, such as where it was taken. Rejects what is none. */
export async function keepPhoto(file: File): Promise<Attached> {
  const picture = await createImageBitmap(file);
  try {
    const photo = await new Promise<Blob>((resolve, reject) =>
      draw(picture, LARGEST).toBlob((made) => (made ? resolve(made) : reject(new Error("empty"))), "image/jpeg", QUALITY),
    );
    const kept = { id: makeKey(), kind: "PHOTO", preview: draw(picture, SMALL).toDataURL("image/jpeg", 0.7) } as const;
    await outbox().writeFile(kept.id, photo);
    return kept;
  } finally {
    picture.close();
  }
}

function draw(picture: ImageBitmap, largest: number): HTMLCanvasElement {
  const share = Math.min(1, largest / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * share));
  canvas.height = Math.max(1, Math.round(picture.height * share));
  canvas.getContext("2d")!.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** A recording under way. */
export interface Recording {
  stop(): Promise<Attached>;
}

/** Begin to record; the browser asks whether it may. Rejects if it may not. */
export async function startRecording(): Promise<Recording> {
  const sound = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(sound);
  const pieces: Blob[] = [];
  recorder.ondataavailable = ({ data }) => void pieces.push(data);
  recorder.start();
  const begun = Date.now();
  return {
    stop: () =>
      new Promise((resolve, reject) => {
        recorder.onstop = () => {
          for (const track of sound.getTracks()) track.stop();
          const seconds = Math.max(1, Math.round((Date.now() - begun) / 1000));
          const kept = { id: makeKey(), kind: "VOICE", preview: String(seconds) } as const;
          outbox()
            .writeFile(kept.id, new Blob(pieces, { type: recorder.mimeType }))
            .then(() => resolve(kept), reject);
        };
        recorder.stop();
      }),
  };
}

/** Play a recording. By the Web Audio API, since the page's policy lets nothing be loaded that does not come from the server. */
export async function playRecording({ id }: Attached): Promise<void> {
  const sound = await outbox().readFile(id);
  if (!sound) return;
  const context = new AudioContext();
  const source = context.createBufferSource();
  source.buffer = await context.decodeAudioData(await sound.arrayBuffer());
  source.connect(context.destination);
  source.onended = () => void context.close();
  source.start();
}

/** Where the phone is; it is asked only when somebody presses for it. Rejects if it cannot tell or may not. */
export function findPlace(): Promise<{ longitude: number; latitude: number; accuracy: number }> {
  return new Promise((resolve, reject) =>
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ longitude: coords.longitude, latitude: coords.latitude, accuracy: Math.round(coords.accuracy) }),
      reject,
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
    ),
  );
}
