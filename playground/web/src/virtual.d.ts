declare module 'virtual:recipes' {
  const recipes: import('./recipes').Recipe[];
  export default recipes;
}
