export { DEFAULT_PORT, serviceConfig, type ServiceConfig, type ServiceOptions } from './config.js';
export { apiDocument, startService, type Service } from './service.js';
