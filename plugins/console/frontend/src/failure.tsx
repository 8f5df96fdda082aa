// Failure: what could not be loaded, why, and the button that tries again.
import { say } from "./words";

export function Failure({ message, again }: { message: string; again: () => void }) {
  return (
    <p class="error" role="alert">
      {say("failed")} {message}{" "}
      <button type="button" onClick={again}>
        {say("retry")}
      </button>
    </p>
  );
}
