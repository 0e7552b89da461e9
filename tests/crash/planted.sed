# A library that names a ring before it has written its header: inject_planted.sh.
s/if (!geometry_write(/if (0 \&\& !geometry_write(/
s/status = shmring_os_publish(&a->name, &a->seg);/&\n        (void)geometry_write(\&a->seg, \&a->geometry);/
