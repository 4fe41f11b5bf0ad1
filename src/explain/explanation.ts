/** What `explain` says: a chain of steps, each with the object that decides. */
import type { ObjectRef } from "../api/objects.ts";
import type { ReasonWord } from "../api/reason-words.ts";

export interface Step {
  /** `no` keeps the Service from being served; `note` is worth knowing. */
  readonly verdict: "yes" | "no" | "note";
  /** The word that events, status objects, logs and metrics use too. */
  readonly reason: ReasonWord;
  /** Null where no one object decides. */
  readonly object: ObjectRef | null;
  /** JSON path of the field at fault; empty for the object as a whole. */
  readonly path: string;
  readonly message: string;
  /** The change that would turn a `no`. */
  readonly fix: string | null;
}

/** How one node stands to the Service. */
export interface NodeLine {
  readonly node: string;
  readonly l2: { readonly announces: boolean; readonly reason: string };
  readonly bgp: {
    readonly announces: boolean;
    readonly reason: string;
    /** Names of BGPPeers that are sent a prefix of the Service. */
    readonly peers: readonly string[];
  };
}

export interface Explanation {
  readonly service: { readonly namespace: string; readonly name: string };
  readonly served: boolean;
  /** The step that decides: the first `no` when it is not served. */
  readonly because: Step;
  readonly addresses: readonly string[];
  readonly pool: string | null;
  /** From the Service to the wire. */
  readonly steps: readonly Step[];
  /** Sorted by name. */
  readonly nodes: readonly NodeLine[];
}

export const yes = (reason: ReasonWord, object: ObjectRef | null, message: string): Step => ({
  verdict: "yes",
  reason,
  object,
  path: "",
  message,
  fix: null,
});

export const no = (
  reason: ReasonWord,
  object: ObjectRef | null,
  path: string,
  message: string,
  fix: string,
): Step => ({ verdict: "no", reason, object, path, message, fix });

export const note = (
  reason: ReasonWord,
  object: ObjectRef | null,
  path: string,
  message: string,
  fix: string | null = null,
): Step => ({ verdict: "note", reason, object, path, message, fix });
