/** A real kube-controller-manager beside a test's API server: the DaemonSet controller and few others. */
import { join } from "node:path";
import { startProgram, stopProgram } from "../../src/lab/programs.ts";
import type { Kube } from "./kube.ts";

export interface ControllerManager {
  stop(): Promise<void>;
}

/** Runs these controllers only, so that no node is declared lost for want of a kubelet. */
export function startControllerManager(
  bin: string,
  { kubeconfig, dir }: Pick<Kube, "kubeconfig" | "dir">,
  controllers: readonly string[] = ["daemonset-controller"],
): ControllerManager {
  const child = startProgram(
    join(dir, "controller-manager.log"),
    join(bin, "kube-controller-manager"),
    [
      `--kubeconfig=${kubeconfig}`,
      `--controllers=${controllers.join(",")}`,
      "--leader-elect=false",
      "--bind-address=127.0.0.1",
      "--secure-port=0",
      "--v=1",
    ],
  );
  return { stop: () => stopProgram(child) };
}
