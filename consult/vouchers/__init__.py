"""What a patient may pay with besides a card: promotion codes and packs of sessions."""
