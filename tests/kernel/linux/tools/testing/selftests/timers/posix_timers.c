/* A timer fires. */
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t fired;

static void fire(int signal)
{
	(void)signal;
	fired = 1;
}

int main(void)
{
	struct itimerval soon = { .it_value = { .tv_usec = 50000 } };

	signal(SIGALRM, fire);
	setitimer(ITIMER_REAL, &soon, NULL);
	sleep(2);
	printf("TAP version 13\n%s 1 timer fires\n1..1\n", fired ? "ok" : "not ok");
	return !fired;
}
