import AleaModel

/// The strongly connected components of the choice graph: the largest sets of states that can all reach one another.
///
/// There is an edge from a state to every successor of each of its (enabled) choices. Components are numbered in reverse topological
/// order: an edge never leads from a component to one with a greater number, so solving components `0, 1, 2, ...` in turn meets only
/// successors that are solved already.
///
///     let components = StronglyConnectedComponents(of: process)
///     for component in 0..<components.count {
///       for state in components.states(of: component) { ... }
///     }
///
/// Time and memory are linear in the transitions; the search keeps its own stack, so depth is no limit.
/// Source: Tarjan, *Depth-first search and linear graph algorithms*, SIAM J. Comput. 1 (1972).
public struct StronglyConnectedComponents: Sendable {
  /// The component of each state.
  public let componentOf: Column<Int32>
  /// `members[memberStart[c] ..< memberStart[c + 1]]` are the states of component `c`.
  public let memberStart: Column<Int32>
  /// The states, component by component; within one in the order in which the search finished them, so that most successors of a
  /// state stand before it: the order for sweeps in place.
  public let members: Column<Int32>

  public var count: Int { memberStart.count - 1 }

  /// The states of a component, as a range of positions in ``members``.
  public func range(of component: Int) -> Range<Int> { Int(memberStart[component])..<Int(memberStart[component + 1]) }

  /// The states of a component.
  public func states(of component: Int) -> UnsafeBufferPointer<Int32> {
    let range = range(of: component)
    return UnsafeBufferPointer(start: members.pointer + range.lowerBound, count: range.count)
  }

  /// Finds the components of all states.
  ///
  /// - Parameter enabled: one entry a choice, zero where the choice is left out; nil when all count.
  /// - Throws: `WorkCancelled` when `control` ends the work.
  public init(of process: SparseProcess, enabled: Column<UInt8>? = nil, control: WorkControl = WorkControl())
    throws(WorkCancelled)
  {
    try self.init(of: process.choiceStart, process.transitionStart, process.successor, enabled: enabled, control: control)
  }

  /// Finds the components of the states outside `excluded`; those inside belong to component -1 and are not gone through.
  init(
    of choiceStart: Column<UInt32>, _ transitionStart: Column<UInt32>, _ successor: Column<Int32>,
    enabled: Column<UInt8>? = nil, excluding excluded: StateSet? = nil, control: WorkControl = WorkControl()
  ) throws(WorkCancelled) {
    let search = ComponentSearch(choiceStart, transitionStart, successor, control)
    let stateCount = choiceStart.count - 1
    let component = Column<Int32>(repeating: -1, count: stateCount)
    let start = Column<Int32>(capacity: 16)
    start.append(0)
    var number: Int32 = 0
    var filled: Int32 = 0
    search.reset(all: stateCount)
    if let excluded { search.close(excluded) }
    for state in 0..<stateCount where search.isUnvisited(state) {
      try search.visit(from: state, enabled: enabled.map { UnsafePointer($0.pointer) }) { found in
        for member in found { component.pointer[Int(member)] = number }
        number += 1
        filled += Int32(found.count)
        start.append(filled)
      }
    }
    start.shrink()
    componentOf = component
    memberStart = start
    members = search.finished(by: component, start: start)
  }
}

/// The buffers of an iterative depth-first search, kept over several runs.
///
/// Plain addresses: this runs once for every transition of models with millions of them.
final class ComponentSearch {
  private let choiceStart: UnsafePointer<UInt32>
  private let transitionStart: UnsafePointer<UInt32>
  private let successor: UnsafePointer<Int32>
  private let rows: (Column<UInt32>, Column<UInt32>, Column<Int32>)
  private let control: WorkControl
  /// 0 for states to be visited, the number of discovery while they are open, ``closed`` when they are done or do not take part.
  private let number: Column<Int32>
  private let low: Column<Int32>
  private let open: Column<Int32>
  private let path: Column<Frame>
  private let finishOrder: Column<Int32>
  private var finishedCount = 0
  private var next: Int32 = 1

  private struct Frame: BitwiseCopyable {
    var state: Int32
    var choice: UInt32
    var transition: UInt32
  }
  private static let closed = Int32.max

  init(
    _ choiceStart: Column<UInt32>, _ transitionStart: Column<UInt32>, _ successor: Column<Int32>, _ control: WorkControl
  ) {
    self.control = control
    rows = (choiceStart, transitionStart, successor)
    self.choiceStart = UnsafePointer(choiceStart.pointer)
    self.transitionStart = UnsafePointer(transitionStart.pointer)
    self.successor = UnsafePointer(successor.pointer)
    let count = choiceStart.count - 1
    number = Column(repeating: Self.closed, count: count)
    low = Column(capacity: count)
    open = Column(capacity: count)
    path = Column(capacity: count)
    finishOrder = Column(capacity: count)
  }

  func reset(all count: Int) {
    number.pointer.update(repeating: 0, count: count)
    finishedCount = 0
    next = 1
  }

  /// Keeps the states of the set out of the visits.
  func close(_ states: StateSet) {
    for state in 0..<states.flags.count where states.flags.pointer[state] != 0 { number.pointer[state] = Self.closed }
  }

  /// Lets only `states` take part in the next visits; every other state was closed before.
  func reset(_ states: [Int32]) {
    let number = number.pointer
    for state in states { number[Int(state)] = 0 }
    finishedCount = 0
    next = 1
  }

  func isUnvisited(_ state: Int) -> Bool { number.pointer[state] == 0 }

  /// Explores what `root` reaches among unvisited states, and hands over each component as it is completed.
  func visit(
    from root: Int, enabled: UnsafePointer<UInt8>?, found: (UnsafeBufferPointer<Int32>) -> Void
  ) throws(WorkCancelled) {
    let number = number.pointer
    let low = low.pointer
    let open = open.pointer
    let path = path.pointer
    let finishOrder = finishOrder.pointer
    var depth = 0
    var openCount = 0
    var entering = Int32(root)
    while true {
      if entering >= 0 {
        let state = Int(entering)
        number[state] = next
        low[state] = next
        if next & Int32(WorkControl.blockSize - 1) == 0 { try control.check("solving", "looking for components of the graph") }
        next &+= 1
        open[openCount] = entering
        openCount &+= 1
        let choice = choiceStart[state]
        // A state without choices never reads its transition, which may lie past the end.
        let transition = choice < choiceStart[state &+ 1] ? transitionStart[Int(choice)] : 0
        path[depth] = Frame(state: entering, choice: choice, transition: transition)
        depth &+= 1
        entering = -1
      }
      let top = depth &- 1
      let state = Int(path[top].state)
      let choiceEnd = choiceStart[state &+ 1]
      var choice = path[top].choice
      var transition = path[top].transition
      var lowest = low[state]
      search: while choice < choiceEnd {
        let end = transitionStart[Int(choice) &+ 1]
        if enabled == nil || enabled![Int(choice)] != 0 {
          while transition < end {
            let target = successor[Int(transition)]
            transition &+= 1
            let seen = number[Int(target)]
            if seen == 0 {
              entering = target
              break search
            }
            if seen < lowest { lowest = seen }
          }
        }
        choice &+= 1
        transition = end
      }
      low[state] = lowest
      if entering >= 0 {
        path[top].choice = choice
        path[top].transition = transition
        continue
      }
      finishOrder[finishedCount] = Int32(state)
      finishedCount &+= 1
      depth = top
      if lowest == number[state] {
        let end = openCount
        repeat {
          openCount &-= 1
          number[Int(open[openCount])] = Self.closed
        } while Int(open[openCount]) != state
        found(UnsafeBufferPointer(start: open + openCount, count: end &- openCount))
      } else if depth > 0 {
        let parent = Int(path[depth &- 1].state)
        if lowest < low[parent] { low[parent] = lowest }
      }
      if depth == 0 { return }
    }
  }

  /// The finished states, grouped by component, in order of finishing.
  func finished(by component: Column<Int32>, start: Column<Int32>) -> Column<Int32> {
    let place = Column(UnsafeBufferPointer(start: start.pointer, count: start.count))
    let members = Column<Int32>(repeating: 0, count: finishedCount)
    for position in 0..<finishedCount {
      let state = finishOrder.pointer[position]
      let number = Int(component.pointer[Int(state)])
      members.pointer[Int(place.pointer[number])] = state
      place.pointer[number] += 1
    }
    return members
  }
}
