/** Where what is asked for is written and where status is read: a directory of manifests, or an API server. */
import type { Daemon } from "../src/lab/daemon.ts";
import type { Lab, LabOptions } from "../src/lab/lab.ts";
import type { Fault } from "./schedule.ts";
import type { StatusFile } from "./status.ts";
import type { Manifest } from "./world.ts";

/** Undoes a fault, however far it came. */
export type Heal = () => Promise<void>;

export interface Ground {
  /** What the lab's daemons follow. */
  readonly follow: Pick<LabOptions, "manifests" | "cluster">;
  /** Once the lab stands. Returns its controllers, one of which leads. */
  join(lab: Lab): readonly Daemon[];
  /** The objects of one name, as they should be from now on. */
  put(name: string, objects: readonly Manifest[]): Promise<void>;
  /** What `put` wrote under a name goes. */
  drop(name: string): Promise<void>;
  /** Status of whatever has one, as far as it can be read. */
  statuses(): Promise<readonly StatusFile[]>;
  /** A fault of manifests or of the API server. @throws for a kind that this ground does not have */
  inject(fault: Fault): Promise<Heal>;
  close(): Promise<void>;
}
