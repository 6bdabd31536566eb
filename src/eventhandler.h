/*
 * /eventhandler: checks an event of the service, lets the application decide, and carries
 * out its plan.
 *
 * The event is answered when its plan is done, and not before: the service sends a client's
 * next event only then, which keeps the edits of one writer in order.
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
