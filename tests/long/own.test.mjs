// The gate with WebKit's own player, which plays HLS and asks for keys by itself, as on an iPhone without MSE.
import { after, before, test } from 'node:test';
import { inWebKit, seeTheNight, startNight } from './seats.mjs';

let parts;
let server;
before(async () => { ({ parts, server } = await startNight()); });
after(() => parts?.end());

test('WebKit by its own player: free without an account, shut to who has not paid, open to who has, free again', { timeout: 420_000 }, async () => {
  await seeTheNight('WebKit by its own player', inWebKit(server, parts, true), server);
});
