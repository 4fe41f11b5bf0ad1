import { flag, integer, object, optional } from "./build.ts";

const interval = (description: string) =>
  optional(
    integer(description, {
      format: "int32",
      minimum: 10,
      maximum: 60000,
      is: "V9",
      decodesAs: "uint32",
    }),
  );

export const bfdProfileSpec = object(
  {
    receiveInterval: interval("Shortest interval between packets taken in, in milliseconds."),
    transmitInterval: interval("Shortest interval between packets sent, in milliseconds."),
    detectMultiplier: optional(
      integer("Packets that may be missed before the session is down.", {
        format: "int32",
        minimum: 2,
        maximum: 255,
        is: "V9",
        decodesAs: "uint32",
      }),
    ),
    echoInterval: interval("Shortest interval between echo packets, in milliseconds."),
    echoMode: optional(flag("Use the echo function; for peers one hop away.")),
    passiveMode: optional(flag("Wait for the peer to start the session.")),
    minimumTtl: optional(
      integer("Smallest TTL of packets from peers several hops away.", {
        format: "int32",
        minimum: 1,
        maximum: 254,
        is: "V9",
        decodesAs: "uint32",
      }),
    ),
  },
  "Timers and modes of BFD sessions; what is absent is left to FRR.",
);
