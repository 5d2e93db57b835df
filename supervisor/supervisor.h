/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_SUPERVISOR_H
#define SUPERVISOR_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <bsd/sys/queue.h>

#include "common/config.h"
#include "common/frame.h"
#include "common/message.h"
#include "common/playbook.h"
#include "common/state.h"
#include "supervisor/budget.h"
#include "supervisor/hook.h"
#include "supervisor/limiter.h"
#include "supervisor/notify.h"
#include "supervisor/store/store.h"

/*
 * The supervisor's own picture of the world.  One thread, one event loop; a
 * turn of the loop is: take in what peers sent, grant what the limiter
 * admits, commit all of it together with new claims, and only then let
 * anything out.
 *
 *	job.c		jobs: states, counts, progress
 *	run.c		runs: one claim of an account, worked on by one worker
 *	outcome.c	what came of a request, and what follows from it
 *	background.c	answers that outlive whoever asked for them
 *	pool.c		worker processes: start, reap, deadlines, recycling
 *	worker_io.c	the conversation with one worker
 *	budget.c	hard caps on money
 *	hook.c		the program of on-event
 *	notify.c	what the service manager is told
 *	schedule.c	which account and which request is next
 *	control.c	the control socket; verbs.c what is asked for there,
 *			retry.c what of that takes long
 *	webserver.c	the process of the web page
 *	supervisor.c	the loop, its turn, signals, stop and reload
 */

struct event;
struct event_base;
struct run;
struct supervisor;
struct webserver;
struct worker;

/* ---- jobs ---- */

struct job {
	TAILQ_ENTRY(job)	 link;
	int64_t			 id;
	char			*name;
	enum job_state		 state;
	char			*reason;	/* of the state, or "" */
	struct store_options	 options;
	int64_t			 counts[ACCOUNT_STATES];
	int64_t			 spent, reserved, adrift;	/* budget.c */
	enum budget_cap		 short_of;	/* a request does not fit */
	bool			 budget_warned;
	int64_t			 running_mono;	/* since it runs, this time */
	int64_t			 running_final;	/* accounts final by then */
	int64_t			 progress_mono;	/* last progress line */
	int64_t			 progress_final;	/* accounts it named */
	int64_t			 ordered;	/* claims of this turn */
	int64_t			 to_remove;	/* being deleted: accounts */
	bool			 leaving;	/* being deleted */
};
TAILQ_HEAD(job_list, job);

/* ---- runs ---- */

/* One question of a run: a section, or the categorization. */
struct ask {
	struct permit	 permit;	/* the limiter's part; owner: this */
	struct run	*run;
	char		*key;
	char		 prompt_hash[17];	/* of the playbook, */
	char		 asked_hash[17];	/* of what was asked */
	bool		 answered;	/* the account has it, or will */
	int		 tries;		/* outcomes that asked for a retry */
	int64_t		 request;	/* in flight: ledger row, else 0 */
	int64_t		 reserved_cost;
	bool		 once;		/* in doubt when lost */
	bool		 in_doubt;	/* perhaps paid for: not asked again */
	int64_t		 prompt_tokens;	/* the worker's estimate of the input */
	/* An answer that the provider makes in the background. */
	char		*response;	/* its id, or NULL */
	int64_t		 open;		/* row nobody waits for, or 0 */
	/* An answer that arrived and waits for its outcome. */
	char		*text;
	struct json_object *citations;
	struct json_object *categorization;
};

struct run {
	TAILQ_ENTRY(run)	 link;
	char			 id[STORE_RUN_ID];
	int64_t			 account;
	char			*company;
	struct job		*job;
	struct worker		*worker;
	int64_t			 deaths;	/* before this run */
	bool			 begun;		/* its worker spoke of it */
	struct ask		*asks;		/* sections, then categorize */
	size_t			 n_asks;
	int			 in_flight;
	int			 waiting;
	/* The clock of worker.timeout: runs unless all it does is wait. */
	int64_t			 spent;		/* ms, up to clock_mono */
	int64_t			 ticking_since;	/* mono, 0: stands still */
	/* Set once it is decided how the run ends; then it drains. */
	bool			 ending;
	enum account_state	 end_state;
	enum kind		 end_kind;
	char			*end_error;
};
TAILQ_HEAD(run_list, run);

/* ---- worker processes ---- */

enum worker_state {
	WORKER_STARTING,	/* until its hello */
	WORKER_IDLE,
	WORKER_BUSY,		/* from research to alive */
	WORKER_LEAVING,		/* told to quit, or being killed */
	WORKER_STATES
};

struct worker {
	TAILQ_ENTRY(worker)	 link;
	struct supervisor	*sup;
	enum worker_state	 state;
	pid_t			 pid;
	int			 to, from;
	struct event		*readable, *writable;
	struct frame_in		 in;
	struct frame_out	 out;
	struct run		*run;
	unsigned		 generation;	/* of its configuration */
	int64_t			 accounts, max_accounts;
	int64_t			 memory;	/* KiB, as it said */
	int64_t			 rest_until;	/* mono; processing.delay */
	int64_t			 since;		/* mono; of its state */
	int64_t			 kill_mono;	/* next step of a kill, or 0 */
	enum kind		 kill_kind;	/* why it is being killed */
	char			*kill_cause;	/* likewise, for people */
	bool			 incoherent;	/* it is heard no more */
	bool			 undelivered;	/* it took no more frames */
	bool			 eof;		/* its output is drained */
	bool			 exited;	/* its status is known */
	int			 status;	/* of waitpid(2) */
};
TAILQ_HEAD(worker_list, worker);

struct pool {
	struct worker_list	 workers;
	char			*program;
	int			 count[WORKER_STATES];
	int			 size;
	int			 failures;	/* deaths since a success */
	int64_t			 spawn_mono;	/* no new one before that */
	int64_t			 started, deaths;
	struct msg_hello	 sandbox;	/* of the latest; pid 0: none */
	unsigned		 generation;	/* of the configuration */
};

/* ---- the whole ---- */

TAILQ_HEAD(hook_list, hook);
TAILQ_HEAD(retry_list, retry);

#define SUPERVISOR_SIGNALS	4

struct control;

struct supervisor {
	struct event_base	*base;
	struct config		*config;
	struct playbook		*playbook;
	struct store		*store;
	struct limiter		*limiter;
	struct job_list		 jobs;
	struct run_list		 runs;
	struct pool		 pool;
	struct budget		 budget;
	struct hook_list	 hooks;
	struct retry_list	 retries;
	struct notify		 notify;
	struct control		*control;
	struct webserver	*web;
	struct event		*wake;
	struct event		*signals[SUPERVISOR_SIGNALS];
	int64_t			 started_mono;
	int64_t			 order;		/* of runs, for the limiter */
	bool			 degraded;	/* errors persist: one by one */
	bool			 stepping;	/* deletion or retry goes on */
	bool			 stuck;		/* the last commit failed */
	int64_t			 stuck_mono;	/* since then */
	bool			 stopping;
	bool			 fast;		/* stop without draining */
	bool			 reload_asked;
	int64_t			 renewed_mono;	/* last resume or reload */
	int64_t			 stop_mono;	/* deadline of the stop */
	int64_t			 looked_mono;	/* at the files, last */
	int64_t			 log_told;	/* bytes of the -wal; 0: none */
	int64_t			 saved_mono;	/* the limiter's state, last */
	int64_t			 expire_mono;	/* old answers, next */
	const struct config_override *overrides;
	size_t			 n_overrides;
};

/* supervisor.c */
/* Everything in place but the loop; -1 with err. */
int	 supervisor_init(struct supervisor *, char err[static STORE_ERRLEN]);
/* Runs until the stop is complete; the exit status. */
int	 supervisor_run(struct supervisor *);
void	 supervisor_clear(struct supervisor *);
/* Finish or give back what is in hand; fast: give back at once. */
void	 supervisor_stop(struct supervisor *, bool fast);
/* Read the configuration again; -1 with err, the old one stays. */
int	 supervisor_reload(struct supervisor *, char err[static STORE_ERRLEN]);
/* An event for people: logged, kept in the database, and told to on-event. */
void	 supervisor_event(struct supervisor *, int64_t job, int64_t account,
	    const char *kind, const char *fmt, ...)
	    __attribute__((format(printf, 5, 6)));

/* job.c */
#define JOB_BY_REQUEST	"by request"	/* a reason that is nobody's trouble */
int	 jobs_load(struct supervisor *, char err[static STORE_ERRLEN]);
void	 jobs_clear(struct supervisor *);
struct job *job_add(struct supervisor *, const struct store_job *);
void	 job_remove(struct supervisor *, struct job *);
struct job *job_find(const struct supervisor *, int64_t id);
/*
 * Delete it with its accounts, sections and events; the ledger stays.  A small
 * one is gone on return; a large one goes step by step, a turn each, so that
 * the loop stays alive: until then it is "loading" with a reason, and its
 * companies are not known any more.  A restart removes what is left of it.
 */
void	 job_delete(struct supervisor *, struct job *);
/* The next step; whether there is more to do. */
bool	 jobs_delete_step(struct supervisor *);
/* The one place where a job's state changes; it must be legal. */
void	 job_set_state(struct supervisor *, struct job *, enum job_state,
	    const char *reason);
/*
 * -> running; where nothing is left for it, or its sample was done while it did
 * not run, it is completed or paused on return.
 */
void	 job_run(struct supervisor *, struct job *);
/* Running -> paused for a cause that is not the job's, or anyone's wish. */
void	 job_pause(struct supervisor *, struct job *, const char *reason);
/* Give back all that is in hand, keeping the answers on their way. */
void	 job_halt(struct supervisor *, struct job *);
bool	 job_sequential(const struct supervisor *, const struct job *);
/* Accounts at a time, as things are now. */
int64_t	 job_concurrency(const struct supervisor *, const struct job *);
int64_t	 job_queries(const struct supervisor *, const struct job *);
int64_t	 job_total(const struct job *);
/* Accounts a minute since it runs; -1: too little to go by. */
double	 job_rate(const struct job *);
/* Accounts that are completed or failed. */
int64_t	 job_final(const struct job *);
void	 job_note_options(struct supervisor *, const struct job *);
void	 job_log_start(const struct supervisor *, const struct job *);
/* An account changed its state: counts, progress, completion. */
void	 job_account_moved(struct supervisor *, struct job *,
	    enum account_state from, enum account_state to);
/* Completed when nothing is left, paused when its sample is done. */
void	 job_settle(struct supervisor *, struct job *);

/* run.c */
void	 run_start(struct supervisor *, struct job *, struct worker *,
	    struct store_claimed *);
/* Decide how it ends: asks for nothing more, drains what is in flight. */
void	 run_end(struct supervisor *, struct run *, enum account_state,
	    enum kind, const char *error);
/* Again, where it waits for answers that may as well be fetched later. */
void	 run_leave(struct run *);
/* Its worker is gone. */
void	 run_died(struct supervisor *, struct run *, enum kind,
	    const char *cause);
/* Nobody's fault: what is in flight is lost, the account given back. */
void	 run_abandon(struct supervisor *, struct run *);
/* False for the categorization, which reads and does not search. */
bool	 ask_searches(const struct ask *);
/* The most that sending it to this endpoint can cost; -1: no price. */
int64_t	 ask_cost(const struct supervisor *, const struct ask *,
	    int endpoint);
/* A request of it was admitted: ledger row and grant. */
void	 run_grant(struct supervisor *, struct ask *);
/* Nothing of it waits for a grant any more: its worker is going. */
void	 run_withhold(struct supervisor *, struct run *);
/* Monotonic ms at which worker.timeout is reached, INT64_MAX: not running. */
int64_t	 run_deadline(const struct supervisor *, const struct run *);
/* Handlers of what a worker said; -1 when it must not be believed. */
int	 run_permit(struct supervisor *, struct run *,
	    const struct msg_permit *);
int	 run_created(struct supervisor *, struct run *,
	    const struct msg_created *);
int	 run_section(struct run *, struct msg_section *);
int	 run_done(struct run *, struct msg_done *);
int	 run_outcome(struct supervisor *, struct run *,
	    const struct msg_outcome *);
int	 run_failed(struct supervisor *, struct run *,
	    const struct msg_failed *);

/* background.c */
/* Now and then: what nobody came for in so long a time is lost. */
void	 answers_expire(struct supervisor *, int64_t now);

/* pool.c */
/* Path of the program that workers run; NULL with err.  Caller frees. */
char	*pool_program(const struct config *, char *err, size_t errlen);
int	 pool_init(struct supervisor *, char *err, size_t errlen);
void	 pool_clear(struct supervisor *);
/* Start, retire and kill as the time and the work demand. */
void	 pool_tend(struct supervisor *, int64_t wanted, int64_t now);
/* When pool_tend() has something to do again, monotonic ms. */
int64_t	 pool_next(const struct supervisor *, int64_t now);
/* One that may take an account now, or NULL. */
struct worker *pool_idle(struct supervisor *, int64_t now);
int	 pool_idle_count(const struct supervisor *, int64_t now);
void	 pool_reap(struct supervisor *);
/* Workers of the old configuration make room as they become free. */
void	 pool_reconfigure(struct supervisor *);
void	 pool_flush(struct supervisor *);
/* They were not read for so long: no deadline of theirs ran meanwhile. */
void	 pool_forgive(struct supervisor *, int64_t ms);
/* Stop or go on reading what workers say. */
void	 pool_listen(struct supervisor *, bool);
/* Queue a frame; it leaves with its turn. */
void	 worker_send(struct worker *, const struct message *);
void	 worker_busy(struct worker *, struct run *);
void	 worker_kill(struct worker *, enum kind, const char *cause);

/* schedule.c */
/* How many workers the running jobs could use. */
int64_t	 schedule_wanted(const struct supervisor *);
/* One account at a time for each job while errors persist everywhere. */
void	 schedule_degrade(struct supervisor *);
/* Grant what the limiter admits. */
void	 schedule_grants(struct supervisor *, int64_t now);
/* Claims for this turn: at most one order a job.  Caller frees. */
size_t	 schedule_orders(struct supervisor *, int64_t now,
	    struct store_order **);
void	 schedule_claimed(struct supervisor *, struct store_order *, size_t,
	    int64_t now);

/* control.c */
int	 control_open(struct supervisor *, char *err, size_t errlen);
void	 control_close(struct supervisor *);
/* Take back what is being imported. */
void	 control_end_imports(struct supervisor *);
/* Let out what was committed; held replies wait while the store is stuck. */
void	 control_flush(struct supervisor *, bool committed);
int64_t	 control_next(const struct supervisor *);	/* INT64_MAX: never */
void	 control_tend(struct supervisor *, int64_t now);

/* retry.c */
/* The next step of a retry; whether there is more to do. */
bool	 retries_step(struct supervisor *);
void	 retries_clear(struct supervisor *);

/* status.c */
struct json_object *status_json(const struct supervisor *);
struct json_object *status_limits(const struct supervisor *);
/* The fences around a child, as it told them; lacking may be NULL. */
struct json_object *status_sandbox(bool files, bool ports, bool calls,
	    const char *lacking);

#endif
