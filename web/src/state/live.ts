// SPDX-License-Identifier: Apache-2.0
//
// Fills the fleet and keeps it current: reads everything once, follows the events from there, reads again on `resync`.
import { api, authorization, ApiError } from "../api/client";
import { backoffMs, follow, type StreamEvent } from "../api/sse";
import type { Fleet } from "./fleet";

// Runs until the page goes away.
export async function keepCurrent(fleet: Fleet, onEvent: (event: StreamEvent) => void): Promise<never> {
  for (;;) {
    const lastId = await loadAll(fleet);
    await followUntilResync(fleet, lastId, onEvent);
  }
}

async function loadAll(fleet: Fleet): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const list = await api.policies();
      fleet.load(list, Date.now());
      const [controller, operations, decisions] = await Promise.all([api.controller(), api.operations(""), api.decisions("", null, 100)]);
      fleet.controller = controller;
      fleet.decisions = decisions.decisions;
      fleet.setOperations(operations.operations);
      fleet.lastHeard = Date.now();
      return list.eventId;
    } catch (error) {
      fleet.setLink("lost", error instanceof ApiError ? `${error.message}: ${error.action}` : String(error));
      await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt, Math.random())));
    }
  }
}

function followUntilResync(fleet: Fleet, lastId: string, onEvent: (event: StreamEvent) => void): Promise<void> {
  return new Promise((resolve) => {
    const stop = follow({
      url: "/api/v1/events",
      lastId,
      headers: authorization,
      onLink: (link, why) => fleet.setLink(link, why),
      onBytes: () => void (fleet.lastHeard = Date.now()),
      onEvent: (event) => {
        if (fleet.apply(event)) return onEvent(event);
        stop();
        resolve();
      },
    });
  });
}
