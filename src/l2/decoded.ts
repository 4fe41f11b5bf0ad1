/** What became of octets: a packet, or the reason why they are none. The wire carries anything. */
export type Decoded<T> =
  | { readonly kind: "packet"; readonly packet: T }
  | { readonly kind: "drop"; readonly reason: string };

export const dropped = (reason: string): { readonly kind: "drop"; readonly reason: string } => ({
  kind: "drop",
  reason,
});
