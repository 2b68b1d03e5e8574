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
/** The same, where the apiserver has just given no answer: a request does not wait for it each time. */
const UNREVIEWED_MS = 5000;
/** A caller that is known waits no longer for a review. */
const LONGEST_REVIEW_MS = 3000;
const MOST_REMEMBERED = 10_000;

interface Known {
  caller: Caller;
  /** When it is asked again; milliseconds since 1970. */
  until: number;
}

/**
 * Tells callers by their service accounts' tokens, which the apiserver reviews (TokenReview). While it can't, those are believed
 * on that were known before, until their tokens expire.
 */
export class ClusterIdentity {
  /** By the token's hash; who was asked about last comes last. */
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly kubernetes: KubernetesClient,
    private readonly config: ClusterConfig,
    private readonly now: () => number = Date.now,
  ) {}

  /** @throws KubernetesError while the apiserver can't tell who calls */
  async assertTells(): Promise<void> {
    await this.kubernetes.create(TOKEN_REVIEWS, { spec: { token: 'nobody', audiences: [this.config.audience] } });
  }

  /**
   * @returns null for a token that is none, is meant for somebody else, or is of another namespace
   * @throws KubernetesError while the apiserver can't tell, and the caller was not known before
   */
  async callerOf(token: string): Promise<Caller | null> {
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.known.get(key);
    if (known && known.until > this.now()) return known.caller;
    const claims = claimsOf(token);
    if (!claims || !this.mayBe(claims)) return null;
    const believed = known && 1000 * claims.exp > this.now() ? known : null;
    try {
      const caller = await this.review(token, believed ? AbortSignal.timeout(LONGEST_REVIEW_MS) : undefined);
      this.known.delete(key);
      if (caller !== null) this.remember(key, { caller, until: this.now() + REMEMBERED_MS });
      return caller;
    } catch (error) {
      if (!believed) throw error;
      believed.until = Math.min(this.now() + UNREVIEWED_MS, 1000 * claims.exp);
      return believed.caller;
    }
  }

  /** What a token says of itself, which nobody has checked: enough not to ask the apiserver about anybody's texts. */
  private mayBe({ aud, sub }: Claims): boolean {
    return [aud].flat().includes(this.config.audience) && sub.startsWith(prefixOf(this.config));
  }

  /** Without room, who was not asked about for the longest time goes. */
  private remember(key: string, known: Known): void {
    const [oldest] = this.known.keys();
    if (oldest !== undefined && this.known.size >= MOST_REMEMBERED) this.known.delete(oldest);
    this.known.set(key, known);
  }

  private async review(token: string, signal?: AbortSignal): Promise<Caller | null> {
    const { audience } = this.config;
    const prefix = prefixOf(this.config);
    const asked = { spec: { token, audiences: [audience] } };
    const { status } = await this.kubernetes.create(TOKEN_REVIEWS, asked, { signal });
    const { authenticated, audiences, user } = status ?? {};
    if (authenticated !== true || !audiences?.includes(audience) || !user?.username?.startsWith(prefix)) return null;
    return { account: user.username.slice(prefix.length), pod: user.extra?.[POD]?.[0] ?? null };
  }
}

const prefixOf = ({ namespace }: ClusterConfig) => `system:serviceaccount:${namespace}:`;

/** `exp`: when it expires; seconds since 1970. */
const Claims = z.object({ aud: z.union([z.string(), z.array(z.string())]), sub: z.string(), exp: z.number() });
type Claims = z.infer<typeof Claims>;

function claimsOf(token: string): Claims | null {
  const [, payload = ''] = token.split('.');
  try {
    return Claims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
  } catch {
    return null; // no JWT
  }
}
