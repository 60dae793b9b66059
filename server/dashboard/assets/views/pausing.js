// Pause and resume, each with what it will do.

import { ask, say } from "../dialog.js";
import { el } from "../element.js";
import { many } from "../number.js";
import * as service from "../service.js";
import { state } from "../state.js";

/** Pause what runs, resume what is paused; asked for first. */
export async function toggle(page) {
  const links = Object.values(state.status?.sync.links ?? {});
  if (links.some((link) => link.state === "paused")) await resume(page);
  else await pause(page);
}

async function pause(page) {
  const yes = await ask({
    title: "Pause sync?",
    body: [
      el(
        "p",
        {},
        "Changes are no longer carried over, in either direction, until somebody resumes. It survives a restart.",
      ),
      el(
        "p",
        {},
        "Applications go on writing to both sides. What they write is kept in each database and carried over later; the same row changed on both sides becomes a conflict.",
      ),
    ],
    yes: "Pause sync",
  });
  if (yes) await act(service.pause, "Sync is paused.", page);
}

/** Let paused links go on, and links that gave up try again; asked for first. */
export async function resume(page) {
  const waiting = Object.values(state.status.sync.links).reduce((sum, link) => sum + (link.pending ?? 0), 0);
  const yes = await ask({
    title: "Resume sync?",
    body: [
      el(
        "p",
        {},
        `${many(waiting, "change")} that wait${waiting === 1 ? "s" : ""} will be carried over now, oldest first. Rows that both sides changed meanwhile become conflicts.`,
      ),
    ],
    yes: "Resume sync",
  });
  if (yes) await act(service.resume, "Sync resumes.", page);
}

async function act(order, done, page) {
  try {
    await order();
    say(done);
  } catch (error) {
    say(`${error.message} ${error.hint ?? ""}`);
  }
  await page.refresh();
}
