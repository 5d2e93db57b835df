#!/usr/bin/python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""Fill a database that sdrd has made with researched accounts.

    populate.py DATABASE [ACCOUNTS [SEED]]      100,000 unless told otherwise

One job, completed, with rows as wide as real ones: a categorization each,
seven requests in the ledger, and answers for every hundredth. The daemon is
to be down. The same seed makes the same accounts.
"""

import json
import random
import sqlite3
import sys

SECTIONS = ("current-solution", "customer-base", "security", "news-funding",
            "tech-transformation", "prospects")
FIRST = ("Acme", "Blue", "Cedar", "Delta", "Ember", "Frisch", "Grün", "Harbor",
         "Iris", "Juno", "Kestrel", "Lumen", "Møller", "North", "Opal",
         "Pioneer", "Quarz", "River", "Señal", "Tundra", "Umbra", "Vertex",
         "Willow", "Zephyr")
SECOND = ("Analytics", "Bank", "Cloud", "Dynamics", "Energy", "Foods",
          "Gießerei", "Health", "Insurance", "Logistics", "Media", "Networks",
          "Optics", "Robotics", "Systems", "Textil", "Works")
FORM = ("GmbH", "Inc", "Ltd", "AG", "SA", "BV")
INDUSTRY = ("Software", "Banking", "Manufacturing", "Retail", "Healthcare",
            "Energy", "Logistics", "Public sector")
OWNER = ("Ada", "Björn", "Chen", "Dana", "Elif", None)
REASON = ("The company has moved its customer portal to a public cloud and "
          "says in its report that sign-in is the next step. ")
DAY = 86_400_000
BEGIN = 1_790_000_000_000       # 2026-09-21


def estimate(rng, value):
    return {"reason": REASON * rng.randint(1, 3), "value": value,
            "confidence": rng.choice(("low", "medium", "high"))}


def categorization(rng, tier, priority, summary):
    return json.dumps({
        "estimated_revenue": estimate(rng, f"{rng.randint(1, 900)} M EUR"),
        "estimated_users": estimate(rng, f"{rng.randint(1, 900)},000"),
        "use_cases": [{"name": "Customer sign-in", "reason": REASON,
                       "confidence": "medium"}] * rng.randint(1, 4),
        "tier_reason": REASON * 2, "tier": tier, "priority_reason": REASON,
        "priority": priority, "summary": summary, "confidence": "medium"})


def account(rng, n):
    name = f"{rng.choice(FIRST)} {rng.choice(SECOND)} {n} {rng.choice(FORM)}"
    state = rng.choices(("completed", "failed", "pending"), (94, 3, 3))[0]
    row = {"line": n + 1, "company_name": name, "domain": f"c{n}.example",
           "website": f"https://www.c{n}.example/",
           "industry": rng.choice(INDUSTRY), "owner": rng.choice(OWNER),
           "dedup_key": f"c{n}.example", "state": state, "attempt": 1,
           "extra": None, "error_kind": None, "error": None, "tier": None,
           "priority": None, "summary": None, "categorization": None,
           "prompt_hash": None, "started_at": None, "finished_at": None}
    if state != "pending":
        row["started_at"] = BEGIN + n * 600
        row["finished_at"] = BEGIN + n * 600 + rng.randint(20_000, 90_000)
    if state == "failed":
        row["error_kind"] = rng.choice(("timeout", "refused", "schema"))
        row["error"] = "no answer within 120 seconds"
    if state == "completed":
        row["tier"] = rng.choices("ABC", (15, 35, 50))[0]
        row["priority"] = {"A": 8, "B": 5, "C": 1}[row["tier"]] + \
            rng.randint(0, 2)
        row["summary"] = (f"{row['industry']} with {rng.randint(1, 90)} sites "
                          f"and a {rng.choice(SECOND).lower()} portal under "
                          "renewal; the contract ends next year.")
        row["categorization"] = categorization(
            rng, row["tier"], row["priority"], row["summary"])
        row["prompt_hash"] = "0" * 16
    return row


def answers(rng, number):
    text = ("**In short**: it runs *home-made* sign-in.\n\n## Facts\n\n"
            "- " + REASON + "[source](https://c.example/a), 2026-03-01\n" * 6 +
            "\n| year | users |\n|---|---|\n| 2025 | 40,000 |\n")
    for n, key in enumerate(SECTIONS):
        yield (number, key, text, json.dumps(
            [{"url": "https://c.example/a", "title": "A report"}] * 3),
            number * 7 + n, "sim-model", "0" * 16, BEGIN + number * 600)


def requests(rng, job, number, state):
    if state == "pending":
        return
    for n, section in enumerate((*SECTIONS, "categorize")):
        yield (number * 7 + n, job, number, "0" * 16, section, "openai",
               "sim-model", "answered", 6000, 9000, 200, None,
               rng.randint(900, 9000), 1300, 0, 620, 0, 2,
               rng.randint(9000, 30000), BEGIN + number * 600,
               BEGIN + number * 600 + rng.randint(900, 9000))


REQUEST = ("id, job_id, account_id, run_id, section, endpoint, model, state,"
           "reserved_tokens, reserved_cost, status, error_kind, latency_ms,"
           "input_tokens, cached_tokens, output_tokens, reasoning_tokens,"
           "searches, cost, sent_at, settled_at")


def populate(path, accounts=100_000, seed=1):
    """The number of the job that was made."""
    rng = random.Random(seed)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("BEGIN IMMEDIATE")
    job = db.execute(
        "INSERT INTO job(name, source, state, created_at, started_at,"
        " finished_at) VALUES('generated', 'populate.py', 'completed',"
        " ?, ?, ?)", (BEGIN, BEGIN, BEGIN + accounts * 600)).lastrowid
    first = db.execute("SELECT coalesce(max(id), 0) FROM account").fetchone()
    for n in range(accounts):
        row = account(rng, n)
        number = first[0] + 1 + n
        db.execute(
            f"INSERT INTO account(id, job_id, {', '.join(row)}) VALUES("
            f"?, ?, {', '.join('?' * len(row))})",
            (number, job, *row.values()))
        db.executemany(f"INSERT INTO request({REQUEST}) VALUES("
                       f"{', '.join('?' * 21)})",
                       requests(rng, job, number, row["state"]))
        if n % 100 == 0 and row["state"] == "completed":
            db.executemany("INSERT INTO section VALUES(?,?,?,?,?,?,?,?)",
                           answers(rng, number))
    db.execute("INSERT INTO spent SELECT job_id, settled_at / 86400000,"
               " sum(cost), 0 FROM request WHERE job_id = ? GROUP BY 1, 2",
               (job,))
    db.execute("COMMIT")
    db.close()
    return job


if __name__ == "__main__":
    populate(sys.argv[1], *map(int, sys.argv[2:]))
