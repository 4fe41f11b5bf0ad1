/** The addresses a Service asks for by name: annotation or field, one or two (behaviour reference 1.6). */
import type { Service } from "../api/objects.ts";
import { familyOf, tryParseIp } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { annotationOf } from "./annotations.ts";

export type Request =
  | { readonly kind: "none" }
  /** As written; two are of different families. */
  | { readonly kind: "ips"; readonly ips: readonly Ip[]; readonly field: string }
  | { readonly kind: "bad"; readonly field: string; readonly why: string };

const NONE: Request = { kind: "none" };

/** A present-but-empty annotation asks for nothing, and hides its legacy twin. */
export function requestOf(service: Service): Request {
  const annotation = annotationOf(service, "loadBalancerIPs");
  const field = service.spec?.loadBalancerIP ?? "";
  const text = annotation?.value ?? "";
  if (annotation !== null && text !== "" && field !== "")
    return {
      kind: "bad",
      field: annotation.path,
      why: `${annotation.path} and spec.loadBalancerIP are both set; remove one of them`,
    };
  if (annotation !== null && text !== "") return parse(text.split(","), annotation.path);
  return field === "" ? NONE : parse([field], "spec.loadBalancerIP");
}

function parse(parts: readonly string[], field: string): Request {
  const ips: Ip[] = [];
  for (const part of parts) {
    const ip = tryParseIp(part.trim());
    if (ip === null)
      return { kind: "bad", field, why: `${JSON.stringify(part.trim())} is not an IP address` };
    ips.push(ip);
  }
  if (ips.length > 2)
    return { kind: "bad", field, why: `${ips.length} addresses are asked for, at most two can be` };
  const [first, second] = ips;
  if (first !== undefined && second !== undefined && familyOf(first) === familyOf(second))
    return { kind: "bad", field, why: `${first} and ${second} are of one family` };
  return { kind: "ips", ips, field };
}
