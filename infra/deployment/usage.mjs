// What deploy.mjs says of itself.
import { CHANGES } from './plan.mjs';

const WIDTH = 100;

/** Lines no longer than that, the later ones under the first. */
function wrap(text, indent) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.pop();
    const isFull = indent.length + line.length + word.length >= WIDTH;
    lines.push(...(isFull ? [line, word] : [line ? `${line} ${word}` : word]));
  }
  return lines.join(`\n${indent}`);
}

const changes = Object.entries(CHANGES)
  .map(([what, why]) => `  ${what.padEnd(10)}${wrap(why, ' '.repeat(12))}`)
  .join('\n');

export const USAGE = `usage: infra/deploy.mjs [--location REGION] [options]

Puts Codestream into Azure, or brings what is there up to date: a resource group with the Web PubSub
service, the function app, two storage accounts (of its package, and of the page), and logs. Needs az
(signed in with \`az login\`, as somebody who may assign roles: Owner, or Contributor with User Access
Administrator), and what is deployed: a release, or what \`make package web/dist/index.html\` has built.

  --from FOLDER            deploy the release that is unpacked in FOLDER, after a look whether all of
                           its files are there and whole. The program that is in a release deploys
                           that one by itself
  --location REGION        where the resources are made; needed the first time. It must have Flex
                           Consumption, and cannot be another one later
  --subscription NAME      or its id (the one that \`az account show\` names)
  --resource-group GROUP   (codestream)
  --name PREFIX            of all names: 3 to 11 small letters and digits, a letter first
                           (codestream)
  --service NAME           a Web PubSub for Socket.IO that you have already, serverless: only our hub
                           and our right are made there. A later run keeps it
  --service-group GROUP    where it is (the one of --resource-group)
  --hub NAME               of the service (codestream); a later run keeps it
  --sku SKU                of the service: Free_F1, Standard_S1, Premium_P1 or Premium_P2 (Free_F1)
  --units N                of the service, each for 1000 connections (1): Free_F1 has one, Standard_S1
                           and Premium_P1 1 to 10, 20, 30, … 100, Premium_P2 100, 200, … 1000
  --memory MB              of an instance of the function app: 512, 2048 or 4096 (2048). A quarter of
                           the memory costs a quarter, and brings a quarter of a core
  --origin URL             a further origin that may call negotiate, such as a domain of your own;
                           may be repeated
  --remove-origin URL      one that may no longer
  --setting NAME           a further app setting, whose value is the environment variable of that
                           name, such as CODESTREAM_TOKEN_MINUTES; may be repeated. NAME=VALUE is
                           understood as well, but then the value is in your shell's history
  --remove-setting NAME    one that is no longer wanted
  --writers                make a word that whoever starts a stream must know, and show it once;
                           one that is there no longer opens a room. Without this option a person
                           who deploys for the first time is asked
  --keep-days N            keep the newest text of each room until N days (1 to 90) after its last
                           change, for whoever has its link; a later run keeps that. To end it:
                           --remove-setting CODESTREAM_STORAGE__blobServiceUri
  --drop-upload-right      at the end take the right to upload the page, which the run has given you,
                           away again; the next run gives it anew
  --new-secret             sign the keys of writers with a new secret: who writes in a room that is
                           open cannot go on there
  --identity               managed identity instead of an access key, see below
  --access-key             an access key again, after --identity
  --no-doctor              leave out the last step, in which a client sees the change of another one
  --wait MINUTES           how long Azure may take for one thing (30)
  --dry-run                print every command, run none
  --help                   this text

The next time, --resource-group, --name and --subscription tell which deployment is meant. Of the
rest, what is not given stays as it is: tier, units, access key or identity, origins and settings,
and all that was set by hand. A second run changes, and why:

${changes}

The secret that signs the keys of writers is made at the first deployment and kept by the later ones.
To bring your own, set the environment variable CODESTREAM_SECRET (at least 32 characters).

Access key or managed identity: by default the function app gets the service's access key as an app
setting, and checks with it that every event comes from the service. With --identity there is no
access key at all, which some companies demand; but whether the service then signs its events is not
known, so they are trusted for the function key in the event handler's URL alone. Storage and logs
never use keys, either way.

Ctrl-C breaks nothing: what has begun in Azure goes on there, and the same command waits for it.
Exit status: 0 done, 1 failed, 2 wrong options, 3 still active in Azure.

infra/destroy.mjs removes all of it.
`;
