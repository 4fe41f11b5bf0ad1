/** One request of the API server to its answer: which path does what, and what a bad request gets. */
import { convertReview } from "../api/conversion-review.ts";
import { AppError } from "../errors.ts";

/** Paths of MetalLB's ValidatingWebhookConfiguration (resource reference 5.1). */
export const VALIDATING_PATHS: ReadonlySet<string> = new Set([
  "/validate-metallb-io-v1beta2-bgppeer",
  "/validate-metallb-io-v1beta1-ipaddresspool",
  "/validate-metallb-io-v1beta1-bgpadvertisement",
  "/validate-metallb-io-v1beta1-l2advertisement",
  "/validate-metallb-io-v1beta1-community",
  "/validate-metallb-io-v1beta1-bfdprofile",
]);
export const CONVERSION_PATH = "/convert";

/** Answers an AdmissionReview beside what exists in the cluster now. */
export type Admit = (review: unknown) => Promise<unknown>;

export interface HttpRequest {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly contentType: string;
  readonly body: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
}

const refused = (status: number, message: string): HttpAnswer => ({ status, body: { message } });

/** Why a request is not looked at before its body is read; null when it is. */
export function refusalOf({
  method,
  url,
  contentType,
}: Omit<HttpRequest, "body">): HttpAnswer | null {
  const path = pathOf(url);
  if (path !== CONVERSION_PATH && !VALIDATING_PATHS.has(path)) return refused(404, "no such path");
  if (method !== "POST") return refused(405, "only POST");
  const type = contentType.split(";")[0]?.trim().toLowerCase();
  return type === "application/json" ? null : refused(415, "only application/json");
}

const pathOf = (url: string): string => url.split("?")[0] ?? "";

/** @throws whatever `admit` throws: the edge says 500 and logs it. */
export async function answer(request: HttpRequest, admit: Admit): Promise<HttpAnswer> {
  const refusal = refusalOf(request);
  if (refusal !== null) return refusal;
  let review: unknown;
  try {
    review = JSON.parse(request.body);
  } catch {
    return refused(400, "the body is not JSON");
  }
  if (pathOf(request.url) !== CONVERSION_PATH) return { status: 200, body: await admit(review) };
  try {
    return { status: 200, body: convertReview(review) };
  } catch (error) {
    if (error instanceof AppError) return refused(400, error.message);
    throw error;
  }
}
