# SPDX-License-Identifier: BSD-3-Clause
# Backtraces of all suspended fibers of a live process:
#     gdb -p PID -x script/fiber-bt.gdb -ex fiber-bt
# It borrows the registers of the selected thread for each fiber and puts them back; the process must not be continued between.
# The layout of the saved frame is in core/loop/context.c. In a core file, whose registers cannot be set, it only lists them.

define fiber-list
  set $fiber = capo_this_loop.all
  while $fiber
    printf "fiber %p  %s%s\n", $fiber, $fiber->what, $fiber == capo_this_loop.current ? "  (running)" : ""
    set $fiber = $fiber->next
  end
end
document fiber-list
Lists the fibers of the selected thread's loop: address and what each works on.
end

define fiber-bt
  set $fiber = capo_this_loop.all
  while $fiber
    printf "\nfiber %p  %s\n", $fiber, $fiber->what
    if $fiber == capo_this_loop.current
      backtrace
    else
      set $kept_pc = $pc
      set $kept_sp = $sp
      set $frame_at = (unsigned long *) $fiber->context.stack_pointer
      if sizeof(void *) == 8 && $_isvoid($rbp) == 0
        set $kept_fp = $rbp
        set $rbp = $frame_at[6]
        set $pc = $frame_at[7]
        set $sp = (unsigned long) ($frame_at + 8)
        backtrace
        set $rbp = $kept_fp
      else
        set $kept_fp = $x29
        set $x29 = $frame_at[18]
        set $pc = $frame_at[19]
        set $sp = (unsigned long) ($frame_at + 20)
        backtrace
        set $x29 = $kept_fp
      end
      set $sp = $kept_sp
      set $pc = $kept_pc
    end
    set $fiber = $fiber->next
  end
end
document fiber-bt
Prints a backtrace of every fiber of the selected thread's loop.
end
