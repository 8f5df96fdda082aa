import{a,b}from"./shared_7.f7b91344adbc902f.js";import"./shared_3.864e1fa8440c9bde.js";import"./shared_1.e44c3b9ba7ce6c18.js";export{a as DeskMenu,b as PluginDesk};
