// Shows ThreadSanitizer the locks of Synchronization.Mutex.
//
// A lock that is free is taken and given back by atomic instructions in the program itself, which ThreadSanitizer sees. One
// that is held is waited for in the Swift library, which is not instrumented: who got the lock there seems to have raced
// with who had it. Preloaded, these two functions stand before the library's and say what happens.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

// Not there in a process without ThreadSanitizer.
__attribute__((weak)) void __tsan_acquire(void *lock);
__attribute__((weak)) void __tsan_release(void *lock);

typedef SWIFT void (*LockSlow)(uint32_t thread, SELF void *lock);
typedef SWIFT void (*UnlockSlow)(SELF void *lock);

SWIFT void lock_slow(uint32_t thread, SELF void *lock) __asm__(LOCK_SLOW);
SWIFT void unlock_slow(SELF void *lock) __asm__(UNLOCK_SLOW);

SWIFT void lock_slow(uint32_t thread, SELF void *lock) {
    ((LockSlow)dlsym(RTLD_NEXT, LOCK_SLOW))(thread, lock);
    if (__tsan_acquire != NULL) __tsan_acquire(lock);
}

SWIFT void unlock_slow(SELF void *lock) {
    if (__tsan_release != NULL) __tsan_release(lock);
    ((UnlockSlow)dlsym(RTLD_NEXT, UNLOCK_SLOW))(lock);
}
