/*
 * /eventhandler: checks an event of the service, lets the application decide, and carries
 * out its plan.
 *
 * A client's event is answered when all of its plan that may not fail is done, and not before:
 * the service sends the client's next event only then, which keeps the edits of one writer in
 * order.  What may fail goes on behind the answer.  What the service says of its own is answered
 * when its plan is done.
 */
#ifndef EVENTHANDLER_H
#define EVENTHANDLER_H

#include "service.h"

/* OPTIONS: may the service deliver its events here?  Only ours may. */
void eventhandler_validate(struct service *service, struct http_request *request);

/* POST */
void eventhandler_event(struct service *service, struct http_request *request);

/* Writes the line that has been waiting for the end of its second, if there is one. */
void eventhandler_end_sample(struct service *service);

#endif
