# A library that names a ring before it has written its header: inject_planted.sh.
s/!shmring_geometry_write(&a->seg, &a->geometry)/0/
s/status = shmring_os_publish(&a->name, &a->seg);/&\n        (void)shmring_geometry_write(\&a->seg, \&a->geometry);/
