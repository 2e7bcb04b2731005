# SPDX-License-Identifier: Apache-2.0
#
# The reader behind check-coroutines: splits C++ text into statements well enough to tell a block's brace from an
# initialiser's and a lambda's bracket from a subscript's, and looks at each statement that holds a co_await.
use strict;
use warnings;

my $bad = 0;

# Comments, strings and character literals become blanks of the same shape; markers are remembered by line.
sub blank {
  my ($text, $marked) = @_;
  my $keep = sub { my $s = shift; $s =~ s/[^\n]/ /g; $s };
  my $line = 1;
  for (split /\n/, $text, -1) {
    $marked->{$line} = 1 if m{//\s*gcc12: ok, \S};
    $line++;
  }
  $text =~ s{(R"(\w*)\(.*?\)\2"|//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+')}{$keep->($1)}gse;
  $text =~ s{^([ \t]*#(?:[^\n\\]|\\.|\\\n)*)}{$keep->($1)}gme;
  return $text;
}

sub judge {
  my ($file, $marked, $s) = @_;
  return unless $s->{text} =~ /\bco_await\b/;
  for my $line ($s->{line} - 1 .. $s->{end}) { return if $marked->{$line}; }
  my @why;
  push @why, 'a braced initialiser' if $s->{brace};
  push @why, 'a capturing lambda' if $s->{capture};
  push @why, 'a structured binding' if $s->{text} =~ /\bauto\s*&?&?\s*\[[^\]]*\]\s*=/;
  return unless @why;
  print "$file:$s->{line}: ", join(' and ', @why), " in a co_await statement (g++ 12): use a named local and std::move\n";
  $bad = 1;
}

for my $file (@ARGV) {
  open my $in, '<', $file or die "$file: $!\n";
  local $/;
  my $source = <$in>;
  my %marked;
  my $text = blank($source, \%marked);
  my $line = 1;
  my $fresh = sub { return { text => '', line => 0, end => 0, brace => 0, capture => 0, parens => 0, lambda => 0 } };
  my @open;             # of braces: [kind, the statement that goes on after it]
  my $now = $fresh->();
  my $end = sub { judge($file, \%marked, $now); $now = $fresh->(); };
  while ($text =~ /\G(.)/gs) {
    my $c = $1;
    if ($c eq "\n") { $line++; $now->{text} .= ' '; next; }
    if ($c !~ /\s/) { $now->{line} ||= $line; $now->{end} = $line; }
    (my $before = $now->{text}) =~ s/\s+$//;
    if ($c eq '(') { $now->{parens}++; }
    elsif ($c eq ')') { $now->{parens}--; }
    elsif ($c eq '[') {
      my $rest = substr($text, pos($text));
      if ($before !~ /[\w\])]$/ || $before =~ /\b(?:return|co_return|co_await|co_yield)$/) {
        my ($list) = $rest =~ /^([^\]]*)\]/;
        $list = '' unless defined $list;
        if ($rest !~ /^\[/ && $before !~ /\bauto\s*&?&?$/ && $before !~ /\[$/) {
          $now->{lambda} = 1;
          $now->{capture} = 1 if $list =~ /\S/;
        }
      }
    }
    elsif ($c eq '{') {
      my $body = $now->{lambda} && $before =~ /(?:\]|\)|mutable|noexcept|->[\w:<>,&*\s]+)$/;
      my $head = $now->{parens} == 0 && !$body
        && ($before eq '' || $before =~ /[);}:]$/ || $before =~ /(?:\b(?:else|do|try|const|noexcept|override|final)|->[\w:<>,&*\s]+)$/
          || $before =~ /^(?:\w+\s+)*(?:namespace|class|struct|enum|union|extern)\b/ || $before =~ /^template\b.*\b(?:class|struct)\b/);
      if ($body) { push @open, ['lambda', $now]; $now->{lambda} = 0; $now = $fresh->(); next; }
      if ($head) { $end->(); push @open, ['block', undef]; next; }
      $now->{brace} = 1;
      push @open, ['init', $now];
    }
    elsif ($c eq '}') {
      my $top = pop @open || ['block', undef];
      if ($top->[0] eq 'lambda') { $end->(); $now = $top->[1]; $now->{end} = $line; }
      elsif ($top->[0] eq 'block') { $end->(); next; }
    }
    elsif ($c eq ';' && $now->{parens} <= 0) { $end->(); next; }
    $now->{text} .= $c;
  }
  $end->();
}
exit $bad;
