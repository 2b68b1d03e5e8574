import { OrestesError } from '@orestes/contracts';
import type { V1Status, V1StatusDetails } from '@kubernetes/client-node';
import type { Json } from './objects.js';

/** The reasons that callers tell apart; the apiserver has more. */
export type Reason =
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Expired'
  | 'Gone'
  | 'Invalid'
  | 'TooManyRequests'
  | 'ServiceUnavailable'
  /** There was no answer at all. */
  | 'Unreachable';

interface Failure {
  status: number;
  reason: string;
  details?: Json<V1StatusDetails> | null;
  retryAfterMs?: number | null;
  /** Whether the apiserver may have acted. */
  sent: boolean;
}

/**
 * A request that failed, in the apiserver's own words. Code KUBERNETES_UNREACHABLE where there was no answer (`status` 0,
 * reason `Unreachable`), KUBERNETES_REFUSED otherwise.
 */
export class KubernetesError extends OrestesError {
  /** Of HTTP. */
  readonly status: number;
  /** Of the apiserver's Status; see Reason. */
  readonly reason: string;
  /** Which object, and the fields that are at fault (`causes`). */
  readonly details: Json<V1StatusDetails> | null;
  readonly retryAfterMs: number | null;
  /** false: the request never left this process, so the apiserver cannot have acted. */
  readonly sent: boolean;

  constructor(message: string, failure: Failure, options?: ErrorOptions) {
    super(failure.status === 0 ? 'KUBERNETES_UNREACHABLE' : 'KUBERNETES_REFUSED', message, 1, options);
    this.name = 'KubernetesError';
    this.status = failure.status;
    this.reason = failure.reason;
    this.details = failure.details ?? null;
    this.retryAfterMs = failure.retryAfterMs ?? null;
    this.sent = failure.sent;
  }
}

/** Whether it is the apiserver's error for one of these reasons. */
export const hasReason = (error: unknown, ...reasons: Reason[]): error is KubernetesError =>
  error instanceof KubernetesError && reasons.some((reason) => reason === error.reason);

/** Of HTTP: what a schema, a right, a quota, a policy or a webhook refuses is refused again when it is sent again. */
const REFUSALS = [400, 403, 413, 422];

/**
 * 403 of which the object is no cause: who asks lacks the right, which an apiserver that has just started says of everybody; or
 * what is to judge the object has not started yet (k8s.io/apiserver: forbiddenMessage, and WaitForReady of its admission plugins).
 */
const NOT_OF_THE_OBJECT = / is forbidden: (User "[^"]*" cannot |not yet ready to handle request)/;

/** Whether the error of a create says that the cluster does not take the object, or that its name is another's. */
export function isRefusal(error: unknown): error is KubernetesError {
  if (hasReason(error, 'AlreadyExists')) return true;
  const isAnswer = error instanceof KubernetesError && REFUSALS.includes(error.status);
  return isAnswer && !NOT_OF_THE_OBJECT.test(error.message);
}

/** Whether the versions asked for are compacted away: list anew. */
export const isExpired = (error: unknown): boolean =>
  error instanceof KubernetesError && (error.status === 410 || hasReason(error, 'Expired', 'Gone'));

/**
 * The error of an answer that is none of 2xx.
 * @param what the request, for the message, for example `create jobs default/a`
 * @param text the body: a Status of the apiserver, or whatever something in between has answered
 * @param retryAfter the header of that name, in seconds
 */
export function refused(what: string, status: number, text: string, retryAfter?: string | null): KubernetesError {
  const said = parseStatus(text);
  const code = status || (said?.code ?? 0);
  const seconds = retryAfter ? Number(retryAfter) : (said?.details?.retryAfterSeconds ?? NaN);
  return new KubernetesError(`${what}: ${said?.message ?? (text.trim().slice(0, 300) || `status ${code}`)}`, {
    status: code,
    reason: said?.reason || (REASONS[code] ?? `Status${code}`),
    details: said?.details ?? null,
    retryAfterMs: Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null,
    sent: true,
  });
}

/** For answers without a Status of their own. */
const REASONS: Partial<Record<number, Reason>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  410: 'Gone',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
};

function parseStatus(text: string): Json<V1Status> | null {
  try {
    const value = JSON.parse(text) as Json<V1Status> | null;
    return value?.kind === 'Status' ? value : null;
  } catch {
    return null; // not the apiserver's
  }
}

/** Codes of Node and undici for a request that met no server, or one whose certificate is not the cluster's. */
const NOT_SENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|\w*(CERT|LEAF_SIG)\w*)$/;

/** The error of a request that got no whole answer. */
export function unreachable(what: string, cause: unknown): KubernetesError {
  const { message, code } = describe(cause);
  const sent = !NOT_SENT.test(code);
  const said = message.includes(code) ? message : `${message} (${code})`;
  return new KubernetesError(`${what}: ${said}`, { status: 0, reason: 'Unreachable', sent }, { cause });
}

function describe(error: unknown): { message: string; code: string } {
  const { message, code, errors } = error as { message?: unknown; code?: unknown; errors?: unknown };
  // One of each address that was tried; its own message is empty.
  if (Array.isArray(errors) && errors.length > 0) return describe(errors[0]);
  return { message: typeof message === 'string' ? message : String(error), code: typeof code === 'string' ? code : '' };
}
