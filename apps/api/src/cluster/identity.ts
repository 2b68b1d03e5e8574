import { createHash } from 'node:crypto';
import { TOKEN_REVIEWS, type KubernetesClient } from '@orestes/kubernetes';
import { z } from 'zod';
import type { ClusterConfig } from '../config.js';

/** Who holds a service account's token. */
export interface Caller {
  /** Of the same namespace as the service. */
  account: string;
  /** The pod that the token was made for; null for tokens that are bound to none. */
  pod: string | null;
}

const POD = 'authentication.kubernetes.io/pod-name';
/** So long a token is believed without asking again; a pod that is gone can't use it anyway. */
const REMEMBERED_MS = 60_000;
const MOST_REMEMBERED = 10_000;

/** Tells callers by their service accounts' tokens, which the apiserver reviews (TokenReview). */
export class ClusterIdentity {
  private readonly known = new Map<string, { caller: Caller; until: number }>();

  constructor(
    private readonly kubernetes: KubernetesClient,
    private readonly config: ClusterConfig,
  ) {}

  /** @returns null for a token that is none, is meant for somebody else, or is of another namespace */
  async callerOf(token: string): Promise<Caller | null> {
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.known.get(key);
    if (known && known.until > Date.now()) return known.caller;
    this.known.delete(key);
    const caller = await this.review(token);
    if (caller === null) return null;
    if (this.known.size >= MOST_REMEMBERED) this.known.clear();
    this.known.set(key, { caller, until: Date.now() + REMEMBERED_MS });
    return caller;
  }

  private async review(token: string): Promise<Caller | null> {
    const { audience, namespace } = this.config;
    const prefix = `system:serviceaccount:${namespace}:`;
    if (!mayBe(token, audience, prefix)) return null;
    const { status } = await this.kubernetes.create(TOKEN_REVIEWS, { spec: { token, audiences: [audience] } });
    const { authenticated, audiences, user } = status ?? {};
    if (authenticated !== true || !audiences?.includes(audience) || !user?.username?.startsWith(prefix)) return null;
    return { account: user.username.slice(prefix.length), pod: user.extra?.[POD]?.[0] ?? null };
  }
}

const Claims = z.object({ aud: z.union([z.string(), z.array(z.string())]), sub: z.string() });

/** What a token says of itself, which nobody has checked: enough not to ask the apiserver about anybody's texts. */
function mayBe(token: string, audience: string, prefix: string): boolean {
  const [, payload = ''] = token.split('.');
  try {
    const { aud, sub } = Claims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
    return [aud].flat().includes(audience) && sub.startsWith(prefix);
  } catch {
    return false; // no JWT
  }
}
