// The checks of kept texts: whether there are any, for how long, and whether the app may read, write and
// delete them. Pure, as all checks are.
import { attempt } from './settings.mjs';

const HEADERS = { 'Content-Type': 'application/json' };
/** A text of a room that nobody else knows. What is left of it after its deletion is empty. */
const TEXT = JSON.stringify({ name: 'doctor', language: 'plaintext', epoch: 1, version: 0, content: '' });

const errorOf = ({ body }) => attempt(() => JSON.parse(body).error) ?? {};
const daysText = (days) => (days === 1 ? '1 day' : `${days} days`);

/** What storage has said, as the handler repeats it; each of its refusals is mended elsewhere. */
function judgeStorage({ status, body }, d) {
  const { code, message = '' } = errorOf({ body });
  const told = d.quote(message);
  return [
    [code === 'StorageRefused' && /\b403 AuthorizationFailure\b/.test(message), 'storageNetwork',
      `the network rules of the storage account keep the app out: ${told}`],
    [code === 'StorageRefused' && /\b40[13]\b/.test(message), 'storageRight',
      `the app's identity has no right to the container of kept texts: ${told}`],
    [code === 'StorageRefused' && /ContainerNotFound/.test(message), 'storageContainer',
      `the storage account has no container for kept texts: ${told}`],
    [code === 'StorageRefused' || code === 'StorageUnavailable', 'storage', `texts cannot be kept: ${told}`],
    [!code && (status === 401 || status === 403), 'taken',
      `something in front of the handler refuses the request (${status})`],
    // A version of before has no such function, and its page does not ask for it.
    [!code && (status === 404 || status === 405) && (d.keepsTexts || d.keepDays > 0), 'textRoute',
      `/text does not reach the handler (${status})`],
  ];
}

const withKey = ({ writer }) => ({ ...HEADERS, Authorization: `Bearer ${writer.key}` });
const urlOf = (d) => `${d.app}/text?room_id=${d.writer.room}`;

export const TEXTS = [{
  name: 'whether texts are kept', needs: ['negotiate', 'rooms'], expects: [404, 405],
  request: (d) => ['GET', `${d.app}/text?room_id=${d.session.room}`],
  judge: (response, d) => [
    [errorOf(response).code === 'NotFound' && d.keepDays > 0, 'notKept',
      `the page says that they are, for ${daysText(d.keepDays)}, and the handler keeps none`],
    [errorOf(response).code === 'NotKept' && d.keepDays === 0, 'keptUnsaid',
      'the handler keeps them, and the page knows nothing of it'],
    ...judgeStorage(response, d),
  ],
  note: (response, { keepDays }) => {
    if (errorOf(response).code !== 'NotKept') return 'no';
    return keepDays > 0 ? `yes, for ${daysText(keepDays)}` : 'yes; --page would say for how long';
  },
  learn: (response) => ({ keepsTexts: errorOf(response).code === 'NotKept' }),
}, {
  name: 'the page may hand texts in', needs: ['kept texts', 'a page'],
  request: (d) => ['OPTIONS', `${d.app}/text`, { Origin: d.origin,
    'Access-Control-Request-Method': 'PUT', 'Access-Control-Request-Headers': 'authorization,content-type' }],
  judge: ({ headers: { 'access-control-allow-origin': allowed } }, { origin }) => [
    [allowed !== '*' && allowed !== origin, 'cors', `a browser may not call /text from ${origin}`],
  ],
}, {
  name: 'the app may write texts', needs: ['kept texts', 'a writer\'s key'], gives: ['a text'], expects: [200],
  request: (d) => ['PUT', urlOf(d), withKey(d), TEXT],
  judge: judgeStorage,
}, {
  name: 'the app may delete texts', needs: ['kept texts', 'a text'], expects: [200],
  request: (d) => ['DELETE', urlOf(d), withKey(d)],
  judge: judgeStorage,
}];
