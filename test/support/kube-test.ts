/** A test's API server with the project's CRDs; without the means to build one, the test is skipped. */
import type { Context } from "mocha";
import { applyCrds } from "./crds.ts";
import { KUBE_BUILD_MS, kubeBinaries, startKube } from "./kube.ts";
import type { Kube } from "./kube.ts";

/** For a `before` hook: `kube = await kubeFor(this)`. */
export async function kubeFor(test: Context): Promise<Kube> {
  test.timeout(KUBE_BUILD_MS);
  const bin = await kubeBinaries("kube-apiserver");
  if (bin === null) return test.skip(); // kube-apiserver could not be built: no Go
  const kube = await startKube(bin);
  await applyCrds(kube);
  return kube;
}
