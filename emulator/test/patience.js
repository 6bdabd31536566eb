/**
 * Bounds are what an idle machine needs with room to spare; a busy one may take so many times as
 * long. They end what hangs; how long something takes is for the bench to say.
 */
export const PATIENCE = 5;
