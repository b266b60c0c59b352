// People with accounts, made by the public door.
import assert from 'node:assert/strict';
import { get } from './parts.mjs';

let people = 0;

/** Asks the server as a page of its own would. */
export function post(server, path, body, headers = {}) {
  return get(`${server.url}${path}`, {
    method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', ...headers },
  });
}

/** Somebody with an account, coins and the fights of these numbers. */
export async function newcomer(server, ...fights) {
  people += 1;
  const phone = `0813${String(people).padStart(8, '0')}`;
  const account = { phone, password: 'kuda-nil terbang 77', name: `Penonton ${people}` };
  const signIn = async (path) => {
    const answer = await post(server, path, account);
    return answer.headers['set-cookie'].find((line) => line.startsWith('bh_session=')).split(';')[0];
  };
  const cookie = await signIn('/api/v1/register');
  server.run('coins', 'grant', '--phone', phone, '--coins', '200', '--reason', 'test');
  const card = JSON.parse((await get(`${server.url}/api/v1/events/${server.slug}`)).body).fights;
  for (const number of fights) {
    const { id } = card.find((fight) => fight.number === number);
    const answer = await post(server, `/api/v1/fights/${id}/unlock`, {}, { Cookie: cookie, 'Idempotency-Key': `k${number}` });
    assert.equal(answer.status, 200, String(answer.body));
  }
  return { phone, cookie, signInAgain: () => signIn('/api/v1/login') };
}

/** Fights of a night's file: numbers with their prices. */
export const fights = (...prices) => prices.map(([number, price]) =>
  `[[events.fights]]\nnumber = ${number}\nred = "Komang ${number}"\nblue = "Rizky ${number}"\ntitle = "Kelas"\nprice_coins = ${price}\n`).join('');
