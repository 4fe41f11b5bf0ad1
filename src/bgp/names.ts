/**
 * Names in frr.conf. The prefix tells what is ours in a running FRR; extra configuration written by hand may
 * refer to these names, so they are kept.
 */
export const inboundName = (id: string): string => `ferrolb-${id}-in`;
export const outboundName = (id: string): string => `ferrolb-${id}-out`;
export const className = (number: number): string => `ferrolb-class-${number}`;

/** The only entry of an inbound map; lower numbers are free for extra configuration. */
export const INBOUND_SEQUENCE = 20;
/** The last entry of an outbound map, the highest there is: what no class permits is denied. */
export const OUTBOUND_LAST = 65535;
