-- The index of words has the values of more properties now, so it looks at all objects once more.
DELETE FROM cursors WHERE reader = 'search';
