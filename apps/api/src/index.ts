export { DEFAULT_PORT, serviceConfig, type ServiceConfig, type ServiceOptions } from './config.js';
export { startService, type Service } from './service.js';
