/**
 * Who may read a path of ours: the API server knows. The bearer token is reviewed, then its owner's right to
 * `get` the path as a non-resource URL, as MetalLB's programs do for their metrics.
 */
import { createHash } from "node:crypto";
import type { Clock } from "../runtime/clock.ts";
import type { KubeClient } from "./client.ts";

export type Verdict = { readonly status: 401 | 403 | 500; readonly body: string } | null;

/** A scraper comes back every few seconds; a token that lost its rights keeps them for so long. */
const REMEMBER_MS = 10_000;
const MOST_REMEMBERED = 256;

interface UserInfo {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export function authorizer(
  client: Pick<KubeClient, "request">,
  clock: Clock,
  onError: (error: unknown) => void,
): (path: string, authorization: string | undefined) => Promise<Verdict> {
  const remembered = new Map<string, { readonly verdict: Verdict; readonly untilMs: number }>();

  const review = async (path: string, token: string): Promise<Verdict> => {
    const who = (await client.request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token },
    })) as { readonly status?: { readonly authenticated?: boolean; readonly user?: UserInfo } };
    if (who.status?.authenticated !== true) return { status: 401, body: "unauthorized\n" };
    const { username = "", uid = "", groups = [], extra = {} } = who.status.user ?? {};
    const may = (await client.request(
      "POST",
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: {
          ...{ user: username, uid, groups, extra },
          nonResourceAttributes: { path, verb: "get" },
        },
      },
    )) as { readonly status?: { readonly allowed?: boolean } };
    return may.status?.allowed === true ? null : { status: 403, body: "forbidden\n" };
  };

  return async (path, authorization) => {
    const token = /^Bearer +([^\s]+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) return { status: 401, body: "unauthorized\n" };
    const key = createHash("sha256").update(`${path}\n${token}`).digest("base64");
    const known = remembered.get(key);
    const nowMs = clock.now();
    if (known !== undefined && known.untilMs > nowMs) return known.verdict;
    try {
      const verdict = await review(path, token);
      if (remembered.size >= MOST_REMEMBERED) remembered.clear();
      remembered.set(key, { verdict, untilMs: nowMs + REMEMBER_MS });
      return verdict;
    } catch (error) {
      onError(error); // neither yes nor no: not remembered
      return { status: 500, body: "authorization cannot be checked\n" };
    }
  };
}
