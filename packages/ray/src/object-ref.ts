/**
 * Names an object that lives in Ray: the value of a task, a table or a JSON value that was put there. Pass it as an
 * argument of other tasks. It lives until it is released or its run is ended, and is lost when Ray is.
 */
export class ObjectRef {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}
