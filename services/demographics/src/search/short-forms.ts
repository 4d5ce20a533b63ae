/**
 * Given names and their usual English short forms and spellings, a family a line; those that merely begin the name
 * (Ben, Benjamin) need no entry. A name may stand in several lines and its lines are not joined: Alexander and
 * Alexandra are both Alex, but not each other.
 */
const FAMILIES = `
abigail abby abbie gail
adelaide addie
agnes aggie nessie
albert bert bertie al
alexander alex alec alick sandy al xander sasha lex
alexandra alex sandra sandy lexi lexie sasha alix
alfred alf alfie fred freddie
alison alyson ally allie
amanda mandy mandi
andrew andy drew
angela angie
ann anne anna annie nan nancy
anthony antony tony
antonia toni
archibald archie
arthur art artie
augustus gus
barbara babs barb barbie
barnaby barney
bartholomew bart
beatrice bea bee trixie
belinda lindy bel
bernard bernie
bridget biddy bridie
caroline carol carrie lyn
cassandra cassie sandra
catherine katherine kathryn catharine kate katie katy kathy cathy kit kitty kay
cecilia celia cissy
charles charlie chas chuck
charlotte lottie charlie
christine christina chris chrissie tina kristina
christopher chris kit topher kris
clementine clemmie
constance connie
cornelius con neil
cynthia cindy
daniel dan danny
daphne daffy
david dave davy davie
deborah debra debbie debby
delia dee
diana diane di
dominic dom nic
donald don donnie
dorothy dot dottie dolly dora
douglas doug dougie
edgar ed eddie
edith edie
edmund ed eddie ned ted
edward ed eddie ned ted teddy
edwin ed eddie
eleanor elinor ellie nell nellie nora
elizabeth elisabeth liz lizzie beth betty betsy bess bessie eliza lisa libby elsie elspeth lily
ellen nell nellie
emily em emmy millie
emma em emmy
ernest ernie
esther essie hester
eugene gene
evelyn eve evie
florence flo flossie florrie
frances fran fanny frankie
francis frank frankie fran
frederick frederic fred freddie freddy
gabriel gabe
gabrielle gabby gaby
geoffrey jeffrey geoff jeff
george georgie
georgina georgie georgia gina
gerald gerry jerry
gerard gerry jerry
gertrude gertie trudy
gillian jillian gill jill
gordon gordy
graham graeme grahame
gregory greg gregg
gwendoline gwen wendy
harold harry hal
harriet harriett hattie
helen nell nellie lena
helena lena nell
henrietta hetty etta
henry harry hal hank
herbert bert bertie herb
hilary hillary
hugh hughie huw
humphrey humph
irene rene
isaac ike zac
isabel isobel isabella isabelle bella belle izzy issy
jacob jake
jacqueline jackie jacqui jacky
james jim jimmy jamie jem
jane janie jenny
janet jan jenny
jason jay
jean jeanie jeannie
jemima jem mima
jennifer jenny jen jenni
jeremy jerry jez jem
jessica jess jessie
joan joanie
joanna joanne jo
john jack johnny jon
jonathan jon jonny johnny
joseph joe joey jo
josephine jo josie
joshua josh
joyce joy
judith judy judi jude
julia julie jules
julian jules
kenneth ken kenny
kimberley kim
laura laurie lori
laurence lawrence larry laurie lawrie
leonard leo len lenny
leslie lesley les
lewis louis lou lew
lillian lilian lily lil
louise lou lulu
louisa lou lulu
lucinda lucy cindy
lucy lucie
lydia liddy
magdalene maggie lena
malcolm mal
marcus marc mark
margaret maggie meg megan peggy peg madge marge margie greta rita daisy
maria marie mary ria
martha mattie patty
martin marty
mary molly polly mae may mamie moll
matilda tilly tilda mattie maud
matthew matt matty
maureen mo reenie
maurice mo morris
maxwell max
melanie mel
melissa mel lissa
michael mick mike micky mickey mitch
michelle shelly shell chelle
mildred millie milly
millicent millie milly
miranda mandy randa
miriam mim
mohammed mohammad muhammad muhammed mohamed mo md mohd
montgomery monty
muriel mu
nancy nan
natalie nat
natasha tasha nat
nathaniel nathan nate nat
nicholas nicolas nick nicky nico nic
nicola nikki nicky nic nicki
nigel nige
norman norm
oliver ollie olly
olivia livvy liv ollie
oswald oz ozzie
pamela pam pammy
patricia pat patty patsy tricia trish trisha paddy
patrick pat paddy rick
paul paulie
pauline polly
penelope penny pen
percival percy
peter pete
philip phillip phil pip
philippa pippa pip
phyllis phyl
priscilla cilla prissy
prudence pru prue
rachel rachael rach ray
raymond ray
rebecca becky becca bex
reginald reg reggie rex
richard rick ricky rich richie dick dickie
robert rob robbie bob bobby bert
roberta bobbie robbie
roderick rod roddy
rodney rod roddy
roger rog
roland rowland rolly
ronald ron ronnie
rosalind ros roz rosie
rosemary rosie rose romy
rowena ro
rupert rupe
russell russ rusty
samantha sam sammy
samuel sam sammy
sarah sara sally sadie
sebastian seb bas
shirley shirl
sidney sydney sid syd
simon si
solomon sol
sophia sofia sophie
stanley stan
stephanie steph steff stevie
stephen steven steve stevie ste
stuart stewart stu
susan suzan sue susie suzie suzy
susannah susanna suzanne sue susie suzie suzy
sylvia sylvie
teresa theresa terry tess tessa tracy
terence terrence terry tel
thaddeus tad
theodora dora thea theo
theodore theo ted teddy
thomas tom tommy
timothy tim timmy
tobias toby
valerie val
vanessa nessa
veronica ronnie vera
victor vic
victoria vicky vicki vikki tori
vincent vince vinny
violet vi
virginia ginny
vivian vivien viv
walter wally wal walt
wilfred wilf fred
wilhelmina mina minnie willa
william will bill billy willy liam
winifred winnie freda
yvonne vonnie
zachary zac zach zak zack
zoe zoey`;

const familiesOf = new Map<string, Set<number>>();
for (const [index, line] of FAMILIES.trim().split('\n').entries()) {
  for (const name of line.split(' ')) familiesOf.set(name, (familiesOf.get(name) ?? new Set()).add(index));
}

/** Whether one given name is commonly short for, or another spelling of, the other: folded words. */
export function shareShortForm(a: string, b: string): boolean {
  const families = familiesOf.get(b);
  if (!families) return false;
  for (const family of familiesOf.get(a) ?? []) if (families.has(family)) return true;
  return false;
}
