import type { Request } from '../../api/shapes';

/** Whether a request waits for this tenant's admin. */
export const isWaiting = (request: Request): boolean =>
  request.state === 'pending' && request.direction === 'received';
