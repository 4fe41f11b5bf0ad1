/**
 * Names in frr.conf. `<id>-in` and `<id>-out` are plain on purpose: extra configuration written by hand
 * refers to them.
 */
export const inboundName = (id: string): string => `${id}-in`;
export const outboundName = (id: string): string => `${id}-out`;
export const className = (number: number): string => `class-${number}`;

/** The only entry of an inbound map; lower numbers are free for extra configuration. */
export const INBOUND_SEQUENCE = 20;
/** The last entry of an outbound map, the highest there is: what no class permits is denied. */
export const OUTBOUND_LAST = 65535;
