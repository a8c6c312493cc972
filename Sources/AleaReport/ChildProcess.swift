import AleaSyntax

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A helper program run without a shell: text in by its standard input, bytes back from its standard output.
enum ChildProcess {
  struct Result {
    var status: Int32
    var output: [UInt8]
    var errors: String
  }

  /// Runs a program to its end.
  ///
  /// - Parameters:
  ///   - package: what to install where the program is missing.
  ///   - seconds: after which it is ended.
  /// - Throws: a `Diagnostic` where it cannot be started, fails or takes too long.
  static func run(
    _ program: String, _ arguments: [String], input: [UInt8], package: String, seconds: Int = 60
  ) throws -> Result {
    let socketKind = Int32(SOCK_STREAM.rawValue)
    var pairs: [[Int32]] = []
    func closeAll() { for end in pairs.joined() where end >= 0 { close(end) } }
    // Sockets rather than pipes: writing to a program that went away is an error then, not a signal that ends us.
    for _ in 0..<3 {
      var ends: [Int32] = [-1, -1]
      guard socketpair(AF_UNIX, socketKind, 0, &ends) == 0 else {
        closeAll()
        throw Diagnostic.error("cannot run `\(program)`: \(String(cString: strerror(errno)))", at: nil)
      }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      pairs.append(ends)
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for stream in 0..<3 { posix_spawn_file_actions_adddup2(&actions, pairs[stream][1], Int32(stream)) }
    var arguments: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child = pid_t()
    let failure = posix_spawnp(&child, program, &actions, nil, &arguments, environ)
    for stream in 0..<3 {
      close(pairs[stream][1])
      pairs[stream][1] = -1
    }
    guard failure == 0 else {
      closeAll()
      if failure == ENOENT {
        throw Diagnostic.error(
          "the program `\(program)` is not installed", at: nil,
          notes: ["it draws this format; on Debian and Ubuntu: apt install \(package)"])
      }
      throw Diagnostic.error("cannot run `\(program)`: \(String(cString: strerror(failure)))", at: nil)
    }
    let deadline = time(nil) + time_t(seconds)
    var (streams, isLate) = exchange(pairs.map { $0[0] }, input: input, deadline: deadline)
    closeAll()
    // A program may close its output and go on: wait no longer than was said.
    var status: Int32 = 0
    while !isLate {
      let ended = waitpid(child, &status, WNOHANG)
      if ended == child || ended < 0 && errno != EINTR { break }
      if time(nil) >= deadline { isLate = true } else { usleep(2_000) }
    }
    if isLate {
      kill(child, SIGKILL)
      while waitpid(child, &status, 0) < 0, errno == EINTR {}
    }
    let errors = String(decoding: streams[1], as: UTF8.self)
    if isLate {
      throw Diagnostic.error("`\(program)` did not finish within \(seconds) seconds", at: nil, notes: lines(errors))
    }
    // Exit status in the second byte, signal in the first (wait(2)).
    let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    guard code == 0 else {
      throw Diagnostic.error("`\(program)` failed with status \(code)", at: nil, notes: lines(errors))
    }
    return Result(status: code, output: streams[0], errors: errors)
  }

  private static func lines(_ text: String) -> [String] {
    text.split(separator: "\n").prefix(4).map { String($0).trimmedEnd }
  }

  /// Feeds the input and reads both outputs until they close or time is over.
  private static func exchange(_ ends: [Int32], input: [UInt8], deadline: time_t) -> ([[UInt8]], Bool) {
    var outputs: [[UInt8]] = [[], []]
    var sent = 0
    var isSending = true
    var isOpen = [true, true]
    var buffer = [UInt8](repeating: 0, count: 65536)
    for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    while isOpen[0] || isOpen[1] {
      if time(nil) >= deadline { return (outputs, true) }
      if isSending, sent == input.count {
        shutdown(ends[0], Int32(SHUT_WR))
        isSending = false
      }
      var polls = [
        pollfd(fd: isSending ? ends[0] : -1, events: Int16(POLLOUT), revents: 0),
        pollfd(fd: isOpen[0] ? ends[1] : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isOpen[1] ? ends[2] : -1, events: Int16(POLLIN), revents: 0),
      ]
      if poll(&polls, 3, 500) < 0, errno != EINTR { return (outputs, true) }
      if polls[0].revents != 0 {
        let count = input.withUnsafeBytes { bytes in
          send(
            ends[0], UnsafeRawBufferPointer(rebasing: bytes[sent...]).baseAddress, min(65536, input.count - sent),
            Int32(MSG_NOSIGNAL))
        }
        if count > 0 {
          sent += count
        } else if errno != EAGAIN, errno != EINTR {
          isSending = false
        }
      }
      for stream in 0..<2 where polls[stream + 1].revents != 0 {
        let count = read(ends[stream + 1], &buffer, buffer.count)
        if count > 0 {
          outputs[stream].append(contentsOf: buffer[..<count])
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
          isOpen[stream] = false
        }
      }
    }
    return (outputs, false)
  }
}
