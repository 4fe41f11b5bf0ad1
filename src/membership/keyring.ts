/** AES-GCM as on the wire: version, 12 octets of nonce, ciphertext, 16 octets of tag. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import type { CipherGCMTypes } from "node:crypto";
import { join } from "./messages.ts";

/** 16, 24 or 32 octets; the first key encrypts, every key decrypts. */
export type Keyring = readonly Uint8Array[];

const NONCE = 12;
const TAG = 16;
/** What version 1 adds to the plaintext. */
export const ENCRYPTION_OVERHEAD = 1 + NONCE + TAG;

/** @throws TypeError for a key of another length. */
export function cipherFor(key: Uint8Array): CipherGCMTypes {
  if (key.length === 16) return "aes-128-gcm";
  if (key.length === 24) return "aes-192-gcm";
  if (key.length === 32) return "aes-256-gcm";
  throw new TypeError(`an AES key has 16, 24 or 32 octets, not ${key.length}`);
}

export interface SealOptions {
  /** 1 (default), or 0 for peers of protocol version 1. */
  readonly version?: 0 | 1;
  /** For tests only; random otherwise. */
  readonly nonce?: Uint8Array;
}

/** PKCS#7 to a multiple of 16; a full block when it fits already. */
function padded(plain: Uint8Array): Uint8Array {
  const more = 16 - (plain.length % 16);
  return join(plain, new Uint8Array(more).fill(more));
}

export function seal(
  key: Uint8Array,
  plain: Uint8Array,
  aad: Uint8Array,
  options: SealOptions = {},
): Uint8Array {
  const version = options.version ?? 1;
  const nonce = options.nonce ?? randomBytes(NONCE);
  const cipher = createCipheriv(cipherFor(key), key, nonce);
  cipher.setAAD(aad);
  const text = cipher.update(version === 0 ? padded(plain) : plain);
  return join(Uint8Array.of(version), nonce, text, cipher.final(), cipher.getAuthTag());
}

/** The plaintext, or null when no key opens it. */
export function open(keys: Keyring, sealed: Uint8Array, aad: Uint8Array): Uint8Array | null {
  const version = sealed[0];
  if (version !== 0 && version !== 1) return null;
  if (sealed.length < ENCRYPTION_OVERHEAD + (version === 0 ? 16 : 0)) return null;
  const nonce = sealed.subarray(1, 1 + NONCE);
  const text = sealed.subarray(1 + NONCE, sealed.length - TAG);
  const tag = sealed.subarray(sealed.length - TAG);
  for (const key of keys) {
    const decipher = createDecipheriv(cipherFor(key), key, nonce);
    decipher.setAAD(aad);
    decipher.setAuthTag(tag);
    try {
      const plain = join(decipher.update(text), decipher.final());
      if (version === 1) return plain;
      // The padding goes by its last octet, unchecked, as peers do it.
      return plain.subarray(0, Math.max(0, plain.length - (plain.at(-1) ?? 0)));
    } catch {
      continue; // another key may fit
    }
  }
  return null;
}

/**
 * The key MetalLB derives from the text of its secret: the first 32 octets of the text followed by the
 * SHA-256 of nothing. Null for an empty secret: no encryption.
 */
export function keyFromSecret(secret: Uint8Array): Uint8Array | null {
  if (secret.length === 0) return null;
  return join(secret, createHash("sha256").digest()).slice(0, 32);
}
