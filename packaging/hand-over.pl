# hand-over.pl SOCKET PROGRAM WORD...: lets the ready process, a copy of which takes over this one's input, outputs, directory and
# environment, carry out the words; hands signals on to it, and ends as it ends. Where it is not to be had, PROGRAM is started instead.
# No module is loaded: it would take longer than all else. What is said on the socket: src/daemon/ready/messages.ts.
my ($socket, @ordinary) = @ARGV;
my $ready;

# Milliseconds count here, but a ready process that is stuck must not be waited for: seconds.
my $patience = 1;

sub go_the_ordinary_way {
  alarm 0;
  close $ready if $ready;
  exec { $ordinary[0] } @ordinary or exit 127;
}

sub flags { map { fcntl $_, 3, 0 } *STDIN, *STDOUT, *STDERR }    # F_GETFL

my @flags = flags;
$SIG{ALRM} = \&go_the_ordinary_way;
alarm $patience;
socket $ready, 1, 1, 0 and fileno $ready > 2 and connect $ready, pack 'Sa*x', 1, $socket or go_the_ordinary_way;
# Only root's word is taken: SO_PEERCRED gives the process, the user and the group.
(unpack 'l3', getsockopt $ready, 1, 17)[1] == 0 or go_the_ordinary_way;
(sysread $ready, my $taken, 4) == 4 or go_the_ordinary_way;
alarm 0;

# From here on it is the command that a signal means. One that stops this process stops the command before, and goes on with it.
my $command = unpack 'l', $taken;
# What it was started to ignore, as nohup has it, is not the command's either.
my @forwarded = grep { ($SIG{$_} || '') ne 'IGNORE' } qw(HUP INT QUIT TERM WINCH);
$SIG{$_} = sub { kill $_[0], $command } for @forwarded;
my $is_stopped;
sub stop {
  $is_stopped = kill 'STOP', $command;
  # It comes when this has returned, and not at all where no shell would ever let this process go on.
  $SIG{TSTP} = 'DEFAULT';
  kill 'TSTP', $$;
}
sub go_on {
  $SIG{TSTP} = \&stop;
  $is_stopped = 0;
  kill 'CONT', $command;
}
$SIG{TSTP} = \&stop unless ($SIG{TSTP} || '') eq 'IGNORE';
# A command that has gone would end this process otherwise.
$SIG{PIPE} = 'IGNORE';
syswrite $ready, 'x' or go_the_ordinary_way;
$SIG{PIPE} = 'DEFAULT';

my $end = '';
while (length $end < 2) {
  my $count = sysread $ready, $end, 2 - length $end, length $end;
  my $is_over = defined $count ? $count == 0 : $! != 4;    # EINTR
  go_on if $is_stopped;
  last if $is_over;
}

# What is not blocking is so for all who have the same file open: the command leaves that as it was found.
my @now = flags;
my @streams = (*STDIN, *STDOUT, *STDERR);
$now[$_] eq $flags[$_] or fcntl $streams[$_], 4, 0 + $flags[$_] for 0 .. 2;    # F_SETFL

if (length $end < 2) {
  my $korean = ($ENV{LC_ALL} || $ENV{LC_MESSAGES} || $ENV{LANG} || '') =~ /^ko([_.@]|$)/;
  syswrite STDERR, $korean ? "galley: 이 명령을 실행하던 프로세스가 종료되었습니다\n" : "galley: the process that carried this out was ended\n";
  exit 1;
}
my ($by_signal, $number) = unpack 'C2', $end;
exit $number unless $by_signal;
$SIG{$_} = 'DEFAULT' for @forwarded;
kill $number, $$;
exit 128 + $number;
