import type { Ask, Message, PipelineSnapshot, StepDetails } from "./snapshot";

/** Why an ask was not carried out, told by the kernel. */
export interface Refusal {
  ask: Ask;
  text: string;
}

export type News =
  | { kind: "snapshot" }
  | { kind: "refused"; refusal: Refusal }
  | { kind: "details"; step: string; details: StepDetails };

/** All that the drawing knows of the world; a shell provides it. */
export interface Model {
  /** Return the newest snapshot; throws `UnknownShape` where there is none to draw. */
  get(): PipelineSnapshot;
  /** Call `listener` after every change; the returned function ends it. */
  subscribe(listener: (news: News) => void): () => void;
  /** Ask the kernel; the answer comes as a snapshot or a refusal. */
  send(ask: Ask): void;
  /** Show the cell of a step; only where the shell knows the notebook. */
  goTo?(step: string): void;
}

/** Return what a message tells besides a new snapshot. */
export function newsOf(message: Message): News | null {
  if (message.kind === "refused") return { kind: "refused", refusal: message };
  return message.kind === "details" ? message : null;
}
