/**
 * One entry per way the daemon fails on purpose. A shipped code keeps its meaning forever.
 * `transient`: worth trying again without anyone editing anything.
 */
export const CODES = {
  ERR_BAD_ADDRESS: { transient: false }, // text that is no IP address
  ERR_BAD_PREFIX: { transient: false }, // text that is no CIDR prefix
  ERR_BAD_RANGE: { transient: false }, // text that is no address range
  ERR_BAD_MAC: { transient: false }, // text or octets that are no Ethernet address
  ERR_BAD_DURATION: { transient: false }, // text that is no Go duration
  ERR_BAD_CONVERSION: { transient: false }, // no ConversionReview, or an object that cannot convert
  ERR_BAD_CERTIFICATE: { transient: false }, // certificate and key that do not fit or cannot be read
  ERR_UNSAFE_TOKEN: { transient: false }, // would break out of its FRR line
  ERR_USAGE: { transient: false }, // wrong flags or arguments
  ERR_UNREADABLE_INPUT: { transient: false }, // a manifest that cannot be read or parsed
  ERR_ENVIRONMENT: { transient: true }, // the machine lacks something we need
  ERR_FRR_UNREACHABLE: { transient: true }, // vtysh missing, hung, or the daemons are away
  ERR_FRR_REFUSED: { transient: true }, // FRR refused a line; the batch was rolled back
  ERR_ADDON_MISSING: { transient: false }, // the packet addon was not built
  ERR_NO_CAPABILITY: { transient: false }, // CAP_NET_RAW is not given
  ERR_PACKET_SOCKET: { transient: true }, // the kernel refused a socket operation
  ERR_KUBE_API: { transient: true }, // the API server refused a request or is away
  ERR_KUBE_CONFLICT: { transient: true }, // the object changed under our write: look again
  ERR_KUBE_FORBIDDEN: { transient: true }, // RBAC does not give us this verb
} as const satisfies Record<`ERR_${string}`, { transient: boolean }>;

export type Code = keyof typeof CODES;

/** The one error class: a code of the catalogue, a message for people, the world's words in `cause`. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: Code;
  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export const isTransient = (error: unknown): boolean =>
  error instanceof AppError ? CODES[error.code].transient : true;
