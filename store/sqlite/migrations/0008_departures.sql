-- Finds who has left a dialog after a position.
CREATE INDEX departed_dialog ON departed (dialog, position);
