/** What the environment says about S3; credentials are read by the SDK's own chain. */
export interface StorageEnvironment {
  endpoint: string | undefined;
  region: string | undefined;
}

/** Names and precedence are those of the AWS SDKs; an empty value counts as none. */
export function storageEnvironment(env: NodeJS.ProcessEnv = process.env): StorageEnvironment {
  return {
    endpoint: env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'] || undefined,
    region: env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined,
  };
}
