/** The admin centre as a client of the API: nothing that another public client couldn't be. */
import { Graph } from '@isopolity/core/graph';
import { Session } from '@isopolity/core/session';

/** The app's id, the same in every deployment; each tenant has a service principal of it. */
export const ADMIN_CENTRE_CLIENT_ID = '19af044d-e893-47ae-ab69-56c921fea6e9';
export const BASE = '/admin';

export const session = new Session({
  clientId: ADMIN_CENTRE_CLIENT_ID,
  redirectPath: `${BASE}/signed-in`,
  homePath: BASE,
  scope: 'openid profile offline_access https://graph.microsoft.com/.default',
});

export const graph = new Graph(session);
