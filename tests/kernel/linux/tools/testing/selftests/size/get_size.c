/* The size of memory is told. */
#include <stdio.h>
#include <sys/sysinfo.h>

int main(void)
{
	struct sysinfo info;
	int good = sysinfo(&info) == 0 && info.totalram > 0;

	printf("TAP version 13\n%s 1 get memory size\n1..1\n", good ? "ok" : "not ok");
	return !good;
}
